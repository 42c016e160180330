package explain

import (
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
	"mailtap/parse/sasl"
)

// pop3Command words what a client's command does here.
func pop3Command(e *event.Event) string {
	cmd, known := pop3.Lookup(e.Name)
	if !known {
		return unknownCommand(e)
	}
	note := commandWords(e)
	if note == "" {
		note = cmd.Does
	}
	if !cmd.Allowed(e.State) {
		note += "; " + wrongState(e.State)
	}
	if a, ok := e.Data.(*pop3.Arguments); ok && a.Message != nil && *a.Message == 0 {
		note += "; there is no message 0: they are numbered from 1"
	}
	return note
}

func unknownCommand(e *event.Event) string {
	switch {
	case e.Name == "" && e.Text == "":
		return "an empty line, where a command should stand"
	case e.State == event.StateAuthorization && strings.Contains(e.Text, "*"):
		return "no command that is known here; what may be a password in it is masked"
	}
	return "no command that is known here"
}

func wrongState(s event.State) string {
	if s == event.StateAuthorization {
		return "allowed only after the login"
	}
	return "allowed only before the login"
}

// commandWords words a command by its arguments; "" leaves it to its row.
func commandWords(e *event.Event) string {
	if s, ok := e.Data.(*sasl.Step); ok {
		return loginCommand(e.Name, s)
	}
	a, _ := e.Data.(*pop3.Arguments)
	if a == nil {
		a = &pop3.Arguments{}
	}
	if a.Message == nil && len(a.Args) > 0 && (e.Name == "LIST" || e.Name == "UIDL") {
		return "" // what should be a number is none
	}
	switch e.Name {
	case "PASS":
		return "gives no password"
	case "AUTH":
		return "asks for the mechanisms of AUTH"
	case "QUIT":
		if e.State == event.StateTransaction {
			return "ends the session; only now the server removes the messages that are marked for deletion"
		}
		return "ends the session"
	case "LANG":
		return langWords(a.Args)
	case "XTND":
		return xtndWords(a.Args)
	case "STAT":
		return "asks how many messages there are, and how big they are together"
	case "LIST":
		return "asks for the size of " + whichMessage(a.Message)
	case "UIDL":
		return "asks for the unique-id of " + whichMessage(a.Message) + ": by it the client knows what it has already"
	}
	if a.Message == nil {
		return ""
	}
	return messageWords(e.Name, strconv.FormatInt(*a.Message, 10), a.Lines)
}

// whichMessage is one message or all.
func whichMessage(n *int64) string {
	if n == nil {
		return "each message"
	}
	return "message " + strconv.FormatInt(*n, 10)
}

// messageWords words a command about one message.
func messageWords(name, n string, lines *int64) string {
	switch name {
	case "RETR":
		return "downloads message " + n + "; it stays on the server"
	case "DELE":
		return "marks message " + n + " for deletion; it is gone only after QUIT"
	case "TOP":
		if lines == nil {
			return "asks for the header of message " + n + " and the first lines of its text"
		}
		if *lines == 0 {
			return "asks for the header of message " + n + ", and nothing of its text"
		}
		return "asks for the header of message " + n + " and " + firstLines(*lines) + " of its text"
	case "XSENDER":
		return "asks who the authenticated sender of message " + n + " is"
	}
	return ""
}

func firstLines(n int64) string {
	if n == 1 {
		return "the first line"
	}
	return "the first " + count(n, "line")
}

// loginCommand words USER, PASS, APOP and AUTH.
func loginCommand(name string, s *sasl.Step) string {
	switch name {
	case "USER":
		return "names the user " + quote(s.User)
	case "PASS":
		note := joined(" ", "gives the password", ofUser(s.User))
		if long, ok := strings.CutPrefix(s.Shape, "the rest of the line of "); ok { // as it always is
			return note + ": " + long
		}
		return joined("; ", note, s.Shape)
	case "APOP":
		return joined("; ", "logs in as "+quote(s.User)+" by a digest of the greeting's timestamp and the password", s.Shape)
	case "AUTH":
		return joined("; ", joined(" ", "logs in by", s.Mech, asUser(s)), beyondName(s), plusNote(s.Mech, s))
	}
	return ""
}

func ofUser(user string) string {
	if user == "" {
		return ""
	}
	return "of " + quote(user)
}

// asUser is who logs in, and as whom where that is another.
func asUser(s *sasl.Step) string {
	switch {
	case s.User != "" && s.Authz != "" && s.Authz != s.User:
		return "as " + quote(s.User) + ", to act as " + quote(s.Authz)
	case s.User != "":
		return "as " + quote(s.User)
	case s.Authz != "":
		return "to act as " + quote(s.Authz)
	}
	return ""
}

func langWords(args []string) string {
	switch {
	case len(args) == 0:
		return "asks for the languages of the server's texts"
	case args[0] == "*":
		return "asks for texts in the server's default language"
	}
	return "asks for texts in the language " + quote(args[0])
}

func xtndWords(args []string) string {
	switch {
	case len(args) > 0 && strings.EqualFold(args[0], "XMIT"):
		return "asks to send a message by the server, instead of by SMTP"
	case len(args) > 2 && strings.EqualFold(args[0], "XLST"):
		return "asks for the header field " + quote(args[1]) + " of message " + quote(args[2])
	case len(args) > 1 && strings.EqualFold(args[0], "XLST"):
		return "asks for the header field " + quote(args[1]) + " of each message"
	}
	return ""
}
