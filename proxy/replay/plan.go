package replay

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// plan is what becomes of a recorded client's commands.
type plan struct {
	login   int64            // the command in whose place the replay logs in: 0 for none
	refused bool             // no login of the recorded client was taken
	skipped map[int64]string // commands that are not played, and why
}

// unsaid is a command that is left out for a reason that goes without saying.
const unsaid = "-"

// planOf looks at what the recorded client sent. It logged in where its login
// was taken; where none was, the last try stands for it.
func planOf(rec *Recording) plan {
	p := plan{skipped: map[int64]string{}}
	commands := map[int64]*Turn{}
	taken := false
	for i := range rec.Turns {
		t := &rec.Turns[i]
		switch {
		case t.sent() && t.Kind == event.KindCommand:
			commands[t.Seq] = t
			if why := p.unplayable(t); why != "" {
				p.skipped[t.Seq] = why
			}
			if loginName(t.Name) && !taken && t.Name != "USER" {
				p.login = t.Seq
			}
		case t.Kind == event.KindResponse && t.Completes && !taken && commands[t.Cmd] != nil && loginName(commands[t.Cmd].Name):
			if name := commands[t.Cmd].Name; name != "USER" && (t.Status == "OK" || t.Status == "+OK") && !asksMechanisms(commands[t.Cmd]) {
				p.login, taken = t.Cmd, true
			}
		}
	}
	p.refused = p.login != 0 && !taken
	return p
}

// asksMechanisms tells POP3's AUTH without an argument from a login.
func asksMechanisms(t *Turn) bool {
	return t.Proto == event.POP3 && t.Name == "AUTH" && len(strings.Fields(t.Text)) == 1
}

// unplayable says why a command is not played, or "".
func (p *plan) unplayable(t *Turn) string {
	switch {
	case asksMechanisms(t):
		return ""
	case loginName(t.Name), t.Name == "STARTTLS", t.Name == "STLS":
		return unsaid
	case t.Name == "COMPRESS":
		return "mailtap replays without compression; the rest of the session is the same text"
	case t.Masked:
		return "a secret in it is masked in the capture"
	case t.Cut:
		return "the capture has no message text (it was recorded with --record-text)"
	}
	return ""
}

// Destructive are the recorded commands that would delete something on the
// server, as lines for people.
func Destructive(rec *Recording) (lines []string) {
	selected := false // for reading and writing
	p := planOf(rec)
	for i := range rec.Turns {
		t := &rec.Turns[i]
		if !t.sent() || t.Kind != event.KindCommand || p.skipped[t.Seq] != "" {
			continue
		}
		switch t.Name {
		case "SELECT":
			selected = true
		case "EXAMINE", "UNSELECT":
			selected = false
		case "CLOSE":
			if selected {
				lines = append(lines, clip(t.Text)+" (it expunges)")
			}
			selected = false
		default:
			if destroys(t) {
				lines = append(lines, clip(t.Text))
			}
		}
	}
	return lines
}

func destroys(t *Turn) bool {
	switch t.Name {
	case "DELE", "EXPUNGE", "UID EXPUNGE", "DELETE", "MOVE", "UID MOVE", "REPLACE", "UID REPLACE":
		return true
	case "STORE", "UID STORE":
		a, ok := t.Event.Data.(*syntax.StoreArgs)
		if !ok {
			return strings.Contains(strings.ToLower(t.Text), `\deleted`)
		}
		for _, f := range a.Flags {
			if a.Op != "-" && strings.EqualFold(string(f), `\Deleted`) {
				return true
			}
		}
	}
	return false
}
