package finding

import (
	"strings"

	"mailtap/parse/event"
)

// mailboxWatch is what is remembered of mailboxes.
type mailboxWatch struct {
	names    []string          // that LIST gave
	absent   map[string]report // refused, and not made since
	deleted  *event.Event      // STORE +FLAGS (\Deleted) that nothing followed
	expunged bool
}

const mostNames = 2000 // that are kept of LIST

func detectMailbox(w *Watch, e *event.Event) {
	m := &w.mbox
	switch {
	case e.Kind == event.KindResponse && (e.Name == "LIST" || e.Name == "LSUB" || e.Name == "XLIST"):
		if name := lastWord(e.Text); name != "" && len(m.names) < mostNames {
			m.names = append(m.names, name)
		}
	case e.Kind == event.KindCommand:
		w.mailboxCommand(e)
	case e.Completes && failed(e) && !w.got:
		w.mailboxRefused(e)
	case e.Completes && succeeded(e):
		w.mailboxDone(e)
	case e.Kind == event.KindSessionClose:
		for _, r := range m.absent {
			w.tell(r)
		}
		if m.deleted != nil && !m.expunged && e.Close.Commands > 0 {
			w.tell(report{id: "mbox.deleted-not-expunged", evidence: []*event.Event{m.deleted}})
		}
	}
}

func (w *Watch) mailboxCommand(e *event.Event) {
	switch {
	case strings.HasSuffix(e.Name, "STORE") && strings.Contains(strings.ToLower(e.Text), `\deleted`) && !strings.Contains(strings.ToUpper(e.Text), "-FLAGS"):
		w.mbox.deleted, w.mbox.expunged = e, false
	case e.Name == "EXPUNGE", e.Name == "UID EXPUNGE", e.Name == "CLOSE":
		w.mbox.expunged = true
	}
}

// mailboxDone forgets a mailbox that was absent and is there now.
func (w *Watch) mailboxDone(e *event.Event) {
	cmd := w.command(e)
	if cmd == nil || !namesMailbox(e.For) {
		return
	}
	delete(w.mbox.absent, mailboxOf(cmd))
}

// namesMailbox tells commands whose argument is a mailbox that has to be there.
func namesMailbox(name string) bool {
	switch name {
	case "SELECT", "EXAMINE", "STATUS", "APPEND", "COPY", "UID COPY", "MOVE", "UID MOVE", "CREATE", "RENAME", "DELETE", "SUBSCRIBE":
		return true
	}
	return false
}

// mailboxOf is the mailbox that a command is about: the wire's name.
func mailboxOf(cmd *event.Event) string {
	text := cmd.Text
	if cmd.Proto == event.IMAP {
		if _, rest, ok := strings.Cut(text, " "); ok {
			text = rest
		}
	}
	rest := strings.TrimSpace(text[min(len(cmd.Name), len(text)):])
	switch cmd.Name {
	case "COPY", "UID COPY", "MOVE", "UID MOVE":
		_, rest, _ = strings.Cut(rest, " ")
	}
	if strings.HasPrefix(rest, `"`) {
		if i := strings.IndexByte(rest[1:], '"'); i >= 0 {
			return rest[1 : 1+i]
		}
	}
	name, _, _ := strings.Cut(rest, " ")
	return name
}

func (w *Watch) mailboxRefused(e *event.Event) {
	cmd := w.command(e)
	if cmd == nil || w.proto != event.IMAP {
		return
	}
	name := mailboxOf(cmd)
	evidence := []*event.Event{cmd, e}
	switch {
	case says(e, "nonexistent namespace", "should probably be prefixed", "invalid namespace", "must be prefixed"):
		w.tell(report{id: "mbox.namespace", detail: name, evidence: evidence})
	case e.For == "LIST" && e.Status == "BAD" && strings.Contains(strings.ToUpper(cmd.Text), "SPECIAL-USE"):
		w.tell(report{id: "mbox.special-use-list", evidence: evidence})
	case namesMailbox(e.For) && w.wronglyEncoded(name):
		w.tell(report{id: "mbox.mutf7", key: name, detail: name, evidence: evidence})
	case namesMailbox(e.For) && e.For != "CREATE" && absent(e):
		w.absentMailbox(e, name, evidence)
	case w.at("outlook.com", "office365.com") && says(e, "command argument error", "command error"), says(e, "command argument error. 1"):
		w.tell(report{id: "exch.argument-error", evidence: evidence})
	}
}

// absent tells whether a refusal says that the mailbox is not there.
func absent(e *event.Event) bool {
	return e.Code == "TRYCREATE" || e.Code == "NONEXISTENT" ||
		says(e, "doesn't exist", "does not exist", "unknown mailbox", "no such mailbox", "no such folder", "mailbox not found", "folder not found", "nonexistent", "isn't a mailbox")
}

// absentMailbox holds a refusal back: a client that then makes the mailbox is
// as it should be. DELETE and SUBSCRIBE of what is gone harm nobody.
func (w *Watch) absentMailbox(e *event.Event, name string, evidence []*event.Event) {
	if e.For == "DELETE" || e.For == "SUBSCRIBE" || e.For == "RENAME" {
		return
	}
	if w.mbox.absent == nil {
		w.mbox.absent = map[string]report{}
	}
	if _, ok := w.mbox.absent[name]; ok || len(w.mbox.absent) >= 100 {
		return
	}
	detail := name
	if near := w.nearest(name); near != "" {
		detail += "; the server has " + near
	}
	w.mbox.absent[name] = report{id: "mbox.case-or-absent", key: name, detail: detail, evidence: evidence}
}

// nearest is the mailbox of LIST whose name is like name: the same but for
// case, or the same behind the last delimiter.
func (w *Watch) nearest(name string) string {
	leaf := lastPart(name)
	for _, n := range w.mbox.names {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	for _, n := range w.mbox.names {
		if strings.EqualFold(lastPart(n), leaf) || strings.HasPrefix(strings.ToLower(lastPart(n)), strings.ToLower(leaf)) {
			return n
		}
	}
	return ""
}

func lastPart(name string) string {
	if i := strings.LastIndexAny(name, "./"); i >= 0 {
		return name[i+1:]
	}
	return name
}

// lastWord is the last string of a LIST response.
func lastWord(text string) string {
	text = strings.TrimRight(text, " ")
	if strings.HasSuffix(text, `"`) {
		if i := strings.LastIndexByte(text[:len(text)-1], '"'); i >= 0 {
			return text[i+1 : len(text)-1]
		}
	}
	return text[strings.LastIndexByte(text, ' ')+1:]
}

// wronglyEncoded tells names that hold octets outside ASCII although nothing
// allows them, or that were encoded twice (RFC 9051 §5.1, RFC 3501 §5.1.3).
func (w *Watch) wronglyEncoded(name string) bool {
	if strings.Contains(name, "&-") && strings.Count(name, "&-") < strings.Count(name, "-") {
		return true // the "&" of an encoded name, encoded again
	}
	for _, c := range []byte(name) {
		if c >= 0x80 {
			return w.byName["ENABLE"] == 0
		}
	}
	return strings.Contains(name, `\x`)
}
