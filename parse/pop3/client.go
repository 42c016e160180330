package pop3

import (
	"fmt"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

func overLimit(n int64) string {
	return fmt.Sprintf("line of %d octets is over the limit of %d", n, maxLine)
}

// fromClient takes a line of the client: a command, or a part of a SASL exchange.
func (s *Session) fromClient(l *line) {
	if p := s.exchange(trimEnd(l.data)); p != nil {
		s.saslLine(l, p)
		return
	}
	s.overtaken()
	p := parseCommand(l.data)
	h := s.hideCommand(l.data, &p, l.known)
	e := &event.Event{Kind: event.KindCommand, Name: p.name, Error: p.fault}
	if e.Error == "" {
		e.Error = h.fault()
	}
	e.Data = commandData(l.data, &p, &h)
	if p.name == "USER" && len(p.args) > 0 {
		s.named = wire.Escape(p.args[0].of(l.data))
	}
	q := s.pend(l, &p, &h)
	s.push(q)
	s.listen(l, h.secrets)
	s.owed = s.owed && !p.known
	s.record(l, h.secrets, e)
	if q.refused {
		s.release()
	}
}

// pend is the command that waits for its response from now on.
func (s *Session) pend(l *line, p *parsed, h *hidden) *pending {
	q := &pending{name: p.name, seq: s.Next(), cmd: p.cmd, args: len(p.args), owed: l.last(),
		x: h.x, refused: l.refused, answer: l.answer}
	if p.cmd.Numbers > 0 && len(p.args) > 0 {
		q.number, _ = number(p.args[0].of(l.data))
	}
	if p.name == "XTND" && len(p.args) > 0 && strings.EqualFold(string(p.args[0].of(l.data)), "XMIT") {
		q.xmit, q.cmd.Reply = true, SingleLine
	}
	switch {
	case p.name == "PASS" || p.name == "USER" || p.name == "RPOP":
		q.user = s.named
	case p.name == "APOP" && len(p.args) > 0:
		q.user = wire.Escape(p.args[0].of(l.data))
	}
	if h.initial {
		q.responses, q.challenges = 1, 1 // the initial response answers the challenge that was not sent
	}
	return q
}

// saslLine takes the client's part of an exchange.
func (s *Session) saslLine(l *line, p *pending) {
	h := hideStep(p.x, event.SideClient, l.data, span{0, len(trimEnd(l.data))}, l.known)
	p.responses++
	p.owed, p.first = l.last(), time.Time{}
	e := &event.Event{Kind: event.KindClientData, For: p.name, Data: h.step, Error: lineEndFault(l.data)}
	if l.long {
		e.Error = ""
	}
	if e.Error == "" {
		e.Error = h.fault()
	}
	s.listen(l, h.secrets)
	s.record(l, h.secrets, e)
	if l.refused {
		if !p.refused {
			p.refused, p.answer = true, l.answer
			s.refused++
		}
		s.release()
	}
}

// commandData is the parsed arguments.
func commandData(data []byte, p *parsed, h *hidden) any {
	if h.step != nil {
		return h.step
	}
	if len(p.args) == 0 || len(h.secrets) > 0 {
		return nil
	}
	var a Arguments
	for i, arg := range p.args {
		n, ok := number(arg.of(data))
		switch {
		case ok && i == 0 && p.cmd.Numbers > 0:
			a.Message = &n
		case ok && i == 1 && p.cmd.Numbers > 1:
			a.Lines = &n
		default:
			a.Args = append(a.Args, wire.Escape(arg.of(data)))
		}
	}
	return &a
}

// release gives the client the answers to refused commands whose turn has
// come: POP3's responses have to keep the order of the commands, and the
// server's greeting comes before all of them.
func (s *Session) release() {
	for s.heard && s.open == nil {
		p := s.head()
		if p == nil || !p.refused {
			return
		}
		p.refused = false
		s.refused--
		answer := p.answer
		if s.feeding == event.SideServer {
			s.forward(answer)
		} else {
			s.back = append(s.back, answer...)
		}
		s.made(answer, s.now)
		if s.head() == p { // no answer: nothing will come
			s.remove(p)
		}
	}
}
