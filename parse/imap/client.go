package imap

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// Auth is the Data of an AUTHENTICATE command.
type Auth struct {
	Mech    string     `json:"mech"`
	Initial *sasl.Step `json:"initial,omitempty"` // what the initial response tells
}

// finishClient makes the event of what the client sent.
func (s *Session) finishClient(m *message) {
	e := m.event(event.SideClient)
	if m.kind == event.KindCommand {
		s.finishCommand(m, e)
		return
	}
	if m.kind == event.KindClientData {
		s.clientData(m, e)
	} else if e.Error == "" {
		e.Error = "expected a tag and a command"
	}
	s.journal.Emit(e)
	if m.line == lineStray {
		s.push(pending{tag: string(m.tagBuf), seq: e.Seq, owed: m.last, stray: true})
	}
}

// finishCommand is a command, whole.
func (s *Session) finishCommand(m *message, e *event.Event) {
	s.understand(m, e)
	s.oddCommand(m, e)
	if m.row != nil {
		switch m.row.op {
		case opLogin:
			e.Data = nil
			if m.login.index > 0 {
				e.Data = &Login{User: m.login.user, Form: m.login.form, Shape: m.login.shape}
				s.unquoted(m, e)
			}
		case opAuthenticate:
			s.authenticated(m, e)
		case opID:
			s.identify(m)
		}
	}
	s.journal.Emit(e)
	s.sent(m, e)
}

// unquoted names a password that is no astring: with spaces and no quotation
// marks, or with those and no end. All of it is masked, so the syntax sees none
// of that.
func (s *Session) unquoted(m *message, e *event.Event) {
	if m.login.form == "line" && e.Error == "" {
		err := syntax.Error{Offset: m.login.at, Rule: "password", Want: "an atom, a quoted string or a literal", Got: "a secret that is none"}
		e.Error = err.Error()
	}
}

// authenticated is AUTHENTICATE's event: what its initial response tells, or the mechanism.
func (s *Session) authenticated(m *message, e *event.Event) {
	if s.auth.ex == nil || !s.auth.active {
		s.authenticate(m, nil, 0, nil) // the mechanism came as a literal
	}
	if m.sasl == nil {
		e.Data = &Auth{Mech: s.auth.ex.Mech()}
		return
	}
	e.Data = &Auth{Mech: s.auth.ex.Mech(), Initial: m.sasl}
	if e.Error == "" {
		e.Error = m.sasl.Error
	}
}

// identify takes the client's name and version from ID (RFC 2971 §3.3).
func (s *Session) identify(m *message) {
	line := m.firstLine()
	name, version := idFields(trimEnd(line)[min(m.rest, len(trimEnd(line))):])
	if len(name) == 0 {
		return
	}
	id := wire.Escape(name)
	if len(version) > 0 {
		id += " " + wire.Escape(version)
	}
	s.journal.Change(func(c *event.Context) { c.ClientID = clipValue(id) })
}

// clientData is a client's line that is no command.
func (s *Session) clientData(m *message, e *event.Event) {
	e.Name = m.name
	switch m.line {
	case lineSASL:
		s.owe(s.auth.seq, m, e)
		if m.sasl != nil {
			e.Data = m.sasl
			if e.Error == "" {
				e.Error = m.sasl.Error
			}
		}
	case lineCancel:
		if s.auth.active {
			s.auth.cancelled = true
			s.owe(s.auth.seq, m, e)
		}
	case lineDone:
		if s.idle.active {
			s.owe(s.idle.seq, m, e)
			s.idle.active = false
		}
	case lineNotDone:
		s.owe(s.idle.seq, m, e)
		s.idle.spoilt = true
		e.Error = "expected DONE"
	case lineStray:
		e.Tag = ""
		if e.Error == "" {
			e.Error = "expected a tag and a command"
		}
	case lineBlank:
		if e.Error == "" {
			e.Error = "expected a command, got an empty line"
		}
	}
}

// owe notes that a command's client had this line to send before the server
// can complete it.
func (s *Session) owe(seq int64, m *message, e *event.Event) {
	for i := range s.pending {
		p := &s.pending[i]
		if p.seq == seq {
			p.owed = m.last
			p.first = time.Time{}
			e.For, e.Cmd = p.name, p.seq
			return
		}
	}
}

// refused ends a command whose literal the server does not want (RFC 9051
// §4.3: it answers with a tagged completion in place of "+"): the splitter
// forgets the literal, and the next line is a command.
func (s *Session) refused(d *dir) {
	d.split.Forget()
	s.owed = d.msg.row != nil && (d.msg.row.op == opLogin || d.msg.row.op == opAuthenticate)
	d.msg.cut, d.msg.refused = true, true
	s.finish(d)
}
