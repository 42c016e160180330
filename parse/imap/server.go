package imap

import (
	"bytes"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// finishServer makes the event of what the server sent, or mailtap in its place.
func (s *Session) finishServer(d *dir, m *message) {
	s.heard = s.heard || d.from == event.SideServer
	c := &s.client.msg
	mine := m.status != "" && m.tag > 0 && !untagged(m) && c.open && bytes.Equal(m.tagBuf, c.tagBuf) &&
		s.tagged(m.tagBuf) < 0
	if c.open && c.lit.awaits && (mine || d.from == event.SideProxy && c.dropped) {
		s.refused(&s.client)
		mine = false
	}
	e := m.event(d.from)
	if m.kind != event.KindContinuation || m.sasl == nil {
		s.understand(m, e)
		s.oddResponse(e)
	}
	switch {
	case m.kind == event.KindContinuation:
		s.continuation(m, e)
	case m.kind == event.KindOctets && d.astray:
		e.Data, e.Error, e.Note = nil, "", wire.Remains
	case m.kind == event.KindOctets:
		e.Data = nil
		if e.Error == "" {
			e.Error = "expected a response"
		}
	case m.kind == event.KindGreeting:
		s.greeting(m)
	case mine:
		e.For, c.early = c.name, true
	case untagged(m):
		s.untagged(m, e)
	default:
		if i := s.completed(m); i >= 0 {
			s.complete(i, m, e)
		}
	}
	if s.earlier && m.status != "" {
		s.earlier = false
		if m.status == "OK" && len(s.pending) == 0 && !e.Completes && (m.code == "" || m.code == "CAPABILITY") {
			e.Odd |= event.OddEarlier
		}
	}
	d.astray = d.astray && m.kind == event.KindOctets
	s.greeted = s.greeted || m.kind != event.KindOctets // some send a banner first
	s.journal.Emit(e)
	s.settled()
}

func untagged(m *message) bool { return len(m.tagBuf) == 1 && m.tagBuf[0] == '*' }

// greeting takes the state from it (RFC 9051 §7.1.4, §7.1.5).
func (s *Session) greeting(m *message) {
	s.greetedOK = m.status == "OK"
	switch m.status {
	case "PREAUTH":
		s.journal.State = event.StateAuthenticated
	case "BYE":
		s.journal.State = event.StateLogout
	}
}

// untagged places untagged data and status responses.
func (s *Session) untagged(m *message, e *event.Event) {
	if i := s.asking(&m.what); i >= 0 {
		p := &s.pending[i]
		e.For, e.Cmd = p.name, p.seq
		p.answered(m.first)
		p.counted(m, e.Data)
	}
	switch {
	case m.status == "BYE":
		s.deselect()
		s.journal.State = event.StateLogout
	case m.code == "CLOSED" && s.journal.State == event.StateSelected:
		s.deselect() // RFC 9051 §7.1: responses behind it are of the next mailbox
	case m.name == "ENABLED":
		list := bytes.ToUpper(m.firstLine())
		s.utf8 = s.utf8 || bytes.Contains(list, []byte(" UTF8=")) || bytes.Contains(list, []byte(" IMAP4REV2"))
	}
}

// continuation places a continuation request.
func (s *Session) continuation(m *message, e *event.Event) {
	e.Tag = ""
	e.For = s.continues()
	switch {
	case s.idleWaits():
		s.idle.asked = true
	case s.challenges():
		s.auth.asked++
		if m.sasl != nil {
			e.Data = m.sasl
			if e.Error == "" {
				e.Error = m.sasl.Error
			}
		}
	case s.client.msg.open && s.client.msg.lit.awaits:
		s.client.msg.lit.awaits = false
	}
}

// continues is the name of the command that a continuation request belongs to,
// or "": nobody waits for one.
func (s *Session) continues() string {
	switch {
	case s.idleWaits():
		return "IDLE"
	case s.challenges():
		return "AUTHENTICATE"
	case s.client.msg.open && s.client.msg.lit.awaits:
		return s.client.msg.name
	}
	return ""
}

// idleWaits reports whether an IDLE has not been answered.
func (s *Session) idleWaits() bool { return s.idle.seq != 0 && !s.idle.asked }

// challenges reports whether a continuation request is a challenge.
func (s *Session) challenges() bool {
	return s.auth.active && s.auth.ex != nil && !s.idleWaits()
}

// settled drops the credentials that a server might have quoted, once one
// stands and no login waits: what a client sent too early may be answered late.
func (s *Session) settled() {
	if s.echo.Empty() || !s.journal.State.LoggedIn() || s.auth.active || s.client.msg.open {
		return
	}
	for i := range s.pending {
		if row := s.pending[i].row; row != nil && row.op == opLogin {
			return
		}
	}
	s.echo.Forget()
}
