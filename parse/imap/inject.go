package imap

import (
	"bytes"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// legCommand is a command that mailtap sent to the server by itself.
type legCommand struct {
	tag, name string
	seq       int64
	t         time.Time
}

// maxLegs bounds those that are kept without their completion.
const maxLegs = 16

// Inject tells of whole lines that mailtap made and sent to one side.
func (s *Session) Inject(to event.Side, lines []byte, t time.Time) {
	if to == event.SideClient {
		s.run(&s.proxy, lines, t)
		return
	}
	for _, line := range bytes.SplitAfter(lines, []byte("\n")) {
		if len(line) > 0 {
			s.injectServer(line, t)
		}
	}
}

// injectServer is a line for the server: nothing of the client's.
func (s *Session) injectServer(line []byte, t time.Time) {
	w := classifyCommand(trimEnd(line))
	m := message{what: w, tagBuf: line[:w.tag], single: line, shown: line, first: t, last: t, bytes: int64(len(line))}
	if w.kind != event.KindCommand || w.name == "" {
		m.kind, m.name = event.KindClientData, ""
	}
	e := m.legged(event.SideProxy)
	e.To = event.SideServer
	s.understand(&m, e)
	s.journal.Emit(e)
	if m.kind == event.KindCommand {
		if len(s.legs) == maxLegs {
			s.legs = append(s.legs[:0], s.legs[1:]...)
		}
		s.legs = append(s.legs, legCommand{tag: e.Tag, name: e.Name, seq: e.Seq, t: t})
	}
}

// ServerLeg tells of whole lines that the server sent and the client never got.
func (s *Session) ServerLeg(lines []byte, t time.Time) {
	for _, line := range bytes.SplitAfter(lines, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		m := message{what: s.classifyServer(line), single: line, shown: line, first: t, last: t, bytes: int64(len(line))}
		m.tagBuf = line[:m.tag]
		s.legEvent(&m)
	}
}

// legEvent is a server's message that exists on its leg only. It is paired
// with what mailtap sent, and moves nothing.
func (s *Session) legEvent(m *message) {
	e := m.legged(event.SideServer)
	s.understand(m, e)
	for i := range s.legs {
		if l := s.legs[i]; m.status != "" && !untagged(m) && l.tag == string(m.tagBuf) {
			e.For, e.Cmd, e.Completes = l.name, l.seq, true
			e.Latency = max(m.last.Sub(l.t), 0)
			e.First = e.Latency
			s.legs = append(s.legs[:i], s.legs[i+1:]...)
			break
		}
	}
	s.journal.Emit(e)
}

// legged is a message's event on the server's leg: no octets of the client's.
func (m *message) legged(from event.Side) *event.Event {
	e := m.event(from)
	e.Leg, e.To = event.LegServer, event.SideNone
	e.Bytes, e.OtherBytes = 0, m.bytes
	e.Dropped = false
	return e
}

// Drop tells of octets that were read from side and are passed on to nobody.
func (s *Session) Drop(side event.Side, data []byte, t time.Time, why string) {
	if len(data) == 0 {
		return
	}
	if why == "" {
		why = "dropped"
	}
	d := s.dir(side)
	e := &event.Event{Time: t, Kind: event.KindOctets, Dir: side, Dropped: true, Note: why, Bytes: int64(len(data))}
	secrets := d.given.take(d.off, len(data))
	if len(secrets) == 0 && side == event.SideClient {
		secrets = s.dropSecrets(data)
	}
	shown := data
	if len(secrets) > 0 && !s.show {
		shown = s.masked(data, secrets)
	}
	e.Text = lineText(shown)
	if side == event.SideServer {
		e.Leg, e.Bytes, e.OtherBytes = event.LegServer, 0, int64(len(data))
	} else {
		s.piece = wire.Octets{Side: side, Data: shown, Time: t, Dropped: true, Why: why, Secrets: secrets}
		s.sink.Octets(&s.piece)
	}
	d.off += int64(len(data))
	s.journal.Emit(e)
}

// dropSecrets finds what may be secret in lines that nobody answers: all
// behind a line's second word, and words that stand alone.
func (s *Session) dropSecrets(data []byte) []wire.Secret {
	s.found = s.found[:0]
	off := 0
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		text := trimEnd(line)
		w := classifyCommand(text)
		from := len(text) - len(skipBlanks(text[min(w.rest, len(text)):]))
		if w.kind == event.KindOctets || w.name == "" {
			from = 0
		} else if w.row == nil && equalFold(text[:w.tag], "PASS") {
			from = w.tag
		}
		s.hide(data, off+from, off+len(text), "line", "")
		off += len(line)
	}
	return s.found
}
