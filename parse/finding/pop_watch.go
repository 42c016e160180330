package finding

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
)

// popWatch is what is remembered of a maildrop.
type popWatch struct {
	deleted   *event.Event // the first DELE that stands
	deletions int
	retrieved int
	first     *event.Event // RETR
	quit      bool
	uidl      *event.Event // refused
}

func detectPOP(w *Watch, e *event.Event) {
	if w.proto != event.POP3 || w.got {
		return
	}
	switch {
	case e.Completes && failed(e):
		w.popRefused(e)
	case e.Completes && succeeded(e):
		w.popDone(e)
	case (e.Kind == event.KindResponse || e.Kind == event.KindGreeting) && oddIndicator(e):
		w.tell(report{id: "pop.bad-indicator"})
	case e.Kind == event.KindSessionClose:
		w.popEnd()
	}
}

// oddIndicator tells status indicators that RFC 1939 §3 does not have.
func oddIndicator(e *event.Event) bool {
	return e.Error != "" && e.Status == "" && (strings.HasPrefix(e.Text, "+") && !strings.HasPrefix(e.Text, "+ ") && e.Text != "+" || strings.HasPrefix(e.Text, "-"))
}

func (w *Watch) popRefused(e *event.Event) {
	evidence := []*event.Event{w.command(e), e}
	switch {
	case e.Code == "IN-USE", says(e, "maildrop already locked", "mailbox is locked", "maildrop is locked", "mailbox locked", "already in use", "unable to lock", "another pop3 session", "mailbox in use", "lock busy"):
		w.tell(report{id: "pop.in-use", evidence: evidence})
	case e.Code == "LOGIN-DELAY", says(e, "login delay", "minimum interval between", "logging in too"):
		w.tell(report{id: "pop.login-delay", evidence: evidence})
	case e.Code == "SYS/PERM":
		w.tell(report{id: "pop.sys-perm", evidence: evidence})
	case e.Code == "SYS/TEMP" && w.state.LoggedIn():
		w.tell(report{id: "pop.sys-temp", evidence: evidence})
	case e.For == "UIDL" && argument(w.orNone(e), 1) == "":
		w.pop.uidl = e
		w.tell(report{id: "pop.uidl-missing", evidence: evidence})
	}
}

// orNone is the command that e answers, or an empty one.
func (w *Watch) orNone(e *event.Event) *event.Event {
	if cmd := w.command(e); cmd != nil {
		return cmd
	}
	return &event.Event{}
}

func (w *Watch) popDone(e *event.Event) {
	p := &w.pop
	switch e.For {
	case "RETR":
		p.retrieved++
		if p.first == nil {
			p.first = e
		}
	case "DELE":
		p.deletions++
		if p.deleted == nil {
			p.deleted = e
		}
	case "RSET":
		p.deletions, p.deleted = 0, nil
	case "QUIT":
		p.quit = true
	}
}

// popEnd tells which policy was seen, and deletions that never took effect.
func (w *Watch) popEnd() {
	p := &w.pop
	switch {
	case p.deletions > 0 && !p.quit:
		w.tell(report{id: "pop.no-quit", detail: fmt.Sprintf("%d marked for deletion", p.deletions), evidence: []*event.Event{p.deleted}})
	case p.retrieved > 0 && p.deletions > 0:
		w.tell(report{id: "pop.leave-on-server", severity: event.SeverityInfo, evidence: []*event.Event{p.first, p.deleted},
			detail: fmt.Sprintf("%d downloaded, %d deleted from the server: other devices no longer find those", p.retrieved, p.deletions)})
	case p.retrieved > 0 && p.quit:
		w.tell(report{id: "pop.leave-on-server", severity: event.SeverityInfo, evidence: []*event.Event{p.first},
			detail: fmt.Sprintf("%d downloaded, none deleted: the messages stay on the server", p.retrieved)})
	}
}
