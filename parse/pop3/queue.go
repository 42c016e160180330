package pop3

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/sasl"
)

// pending is a command whose response is still to come. Responses come in the
// order of the commands (RFC 2449 §6.6).
type pending struct {
	name   string
	seq    int64
	cmd    Command
	args   int
	number int64     // message-number, 0: none
	user   string    // USER, APOP
	owed   time.Time // when the last octet came that the client owed
	first  time.Time // when the first octet of the first answer came

	x          *sasl.Exchange // AUTH with a mechanism
	challenges int
	responses  int

	xmit    bool   // XTND XMIT: the client sends a message when it is told to
	own     bool   // mailtap's, on the server's leg alone
	refused bool   // mailtap answers it; the server never got it
	answer  []byte // of a refused one, until its turn
}

// block reports whether a positive response opens a block.
func (p *pending) block() bool {
	return p.cmd.Reply == MultiLine || p.cmd.Reply == MultiLineUnlessArg && p.args == 0
}

// answered notes the first octet of an answer.
func (p *pending) answered(t time.Time) {
	if p.first.IsZero() {
		p.first = t
	}
}

// maxPending bounds a client that pipelines and a server that says nothing.
const maxPending = 16 << 10

// push appends to the queue; beyond the bound the oldest is given up.
func (s *Session) push(p *pending) {
	if len(s.queue) >= maxPending {
		s.remove(s.queue[0])
	}
	s.queue = append(s.queue, p)
	s.tally(p, 1)
}

// tally counts those that other lines have to look out for.
func (s *Session) tally(p *pending, n int) {
	if p.x != nil {
		s.exchanges += n
	}
	if p.refused {
		s.refused += n
	}
}

// head is the command that the client waits for: not one of mailtap's own.
func (s *Session) head() *pending {
	for _, p := range s.queue {
		if !p.own {
			return p
		}
	}
	return nil
}

// serverHead is the command that the server answers next: not a refused one.
func (s *Session) serverHead() *pending {
	for _, p := range s.queue {
		if !p.refused {
			return p
		}
	}
	return nil
}

// ownHead is the oldest of mailtap's own commands.
func (s *Session) ownHead() *pending {
	for _, p := range s.queue {
		if p.own {
			return p
		}
	}
	return nil
}

// remove takes a command that was answered from the queue.
func (s *Session) remove(p *pending) {
	for i, q := range s.queue {
		if q != p {
			continue
		}
		s.tally(p, -1)
		if i == 0 {
			s.queue[0], s.queue = nil, s.queue[1:]
		} else {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
		}
		return
	}
}

// exchange is the AUTH that takes the client's next line, or nil. Commands may
// be pipelined behind an initial response, so without a challenge a keyword is
// a command; without an initial response the next line is SASL in any case: to
// show a password is worse than to take a command for data.
func (s *Session) exchange(line []byte) *pending {
	if s.exchanges == 0 {
		return nil
	}
	for i := len(s.queue) - 1; i >= 0; i-- {
		p := s.queue[i]
		if p.x == nil || p.own {
			continue
		}
		if i < len(s.queue)-1 && p.challenges <= p.responses {
			return nil // commands follow it already
		}
		if p.challenges > p.responses || p.responses == 0 {
			return p
		}
		if string(line) == "" || parseCommand(line).known {
			return nil
		}
		return p
	}
	return nil
}

// complete fills in what a completing response tells of its command.
func complete(e *event.Event, p *pending, last time.Time) {
	e.For, e.Cmd, e.Completes = p.name, p.seq, true
	e.Latency = last.Sub(p.owed)
	e.First = p.first.Sub(p.owed)
}
