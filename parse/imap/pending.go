package imap

import (
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// maxPending bounds the commands that are kept without their completion: a
// client that never reads may send millions.
const maxPending = 4096

// keepRoom is how many commands' memory an idle session keeps.
const keepRoom = 16

// pending is a command whose completion has not come.
type pending struct {
	tag     string
	name    string
	row     *command // nil: unknown
	seq     int64
	owed    time.Time // the last octet that the client owed for it
	first   time.Time // the first octet of the first answer
	user    string    // LOGIN, AUTHENTICATE
	mailbox string    // SELECT, EXAMINE
	dropped bool      // the server has not got it
	stray   bool      // no command, but it may be answered as one

	responses, octets int64 // of the data that it asked for
}

// push adds a command; the oldest is forgotten where there are too many.
func (s *Session) push(p pending) {
	if len(s.pending) >= maxPending {
		s.remove(0)
	}
	if p.changes() {
		s.shifting++
	}
	if len(s.pending) == cap(s.pending) {
		s.makeRoom()
	}
	s.pending = append(s.pending, p)
}

// makeRoom moves the queue to the front of its memory, or to more where that
// is half full: what is taken off at the front costs nothing.
func (s *Session) makeRoom() {
	if cap(s.room) < 2*len(s.pending) || cap(s.room) == 0 {
		s.room = make([]pending, 0, max(2, 2*len(s.pending)))
		s.pending = append(s.room, s.pending...)
		return
	}
	n := copy(s.room[:cap(s.room)], s.pending)
	clear(s.room[n:cap(s.room)])
	s.pending = s.room[:n]
}

// remove takes a command off the queue. Nearly always it is the oldest, which
// moves no other: a client may have hundreds in flight.
func (s *Session) remove(i int) {
	if s.pending[i].changes() {
		s.shifting--
	}
	if i > 0 {
		copy(s.pending[i:], s.pending[i+1:])
		s.pending[len(s.pending)-1] = pending{}
		s.pending = s.pending[:len(s.pending)-1]
		return
	}
	s.pending[0] = pending{}
	if s.pending = s.pending[1:]; len(s.pending) == 0 {
		if cap(s.room) > keepRoom {
			s.room = nil
		}
		s.pending = s.room[:0]
	}
}

// forgetPending drops all commands: nobody answers them any more.
func (s *Session) forgetPending() {
	s.pending, s.shifting = s.pending[:0], 0
}

// changes reports whether the command may change the session's state.
func (p *pending) changes() bool {
	if p.row == nil {
		return false
	}
	switch p.row.op {
	case opLogin, opAuthenticate, opUnauthenticate, opSelect, opClose, opLogout:
		return true
	}
	return false
}

// tagged is the oldest pending command with that tag: tags used twice are
// answered in the order of the commands. -1 where there is none.
func (s *Session) tagged(tag []byte) int {
	for i := range s.pending {
		if s.pending[i].tag == string(tag) {
			return i
		}
	}
	return -1
}

// completed is the oldest pending command that a tagged response completes, or
// -1. Of lines that were none the tag is a secret, and in a capture there is
// nothing left of it but its length.
func (s *Session) completed(m *message) int {
	if !m.stray {
		if i := s.tagged(m.tagBuf); i >= 0 && !s.pending[i].stray {
			return i
		}
		return -1
	}
	for i := range s.pending {
		if s.pending[i].stray && len(s.pending[i].tag) == len(m.tagBuf) {
			return i
		}
	}
	return -1
}

// asking is the oldest pending command that asks for such data, or -1: nobody
// did, so it is unilateral. Untagged warnings go to the only command there is.
func (s *Session) asking(w *what) int {
	if w.asked != 0 {
		weak := -1
		for i := range s.pending {
			row := s.pending[i].row
			switch {
			case row == nil || row.asks&w.asked == 0 || s.pending[i].dropped:
			case row.asks&kWeak == 0:
				return i
			case weak < 0:
				weak = i
			}
		}
		return weak
	}
	if (w.status == "NO" || w.status == "BAD") && len(s.pending) == 1 {
		return 0
	}
	return -1
}

// sent makes a pending command of a client's command that is complete.
func (s *Session) sent(m *message, e *event.Event) {
	p := pending{tag: e.Tag, name: m.name, row: m.row, seq: e.Seq, owed: m.last, dropped: m.dropped}
	op := opNone
	if m.row != nil {
		op = m.row.op
	}
	switch op {
	case opLogin:
		p.user = m.login.user
	case opAuthenticate:
		s.auth.seq = e.Seq
	case opIdle:
		s.idle = idle{active: true, seq: e.Seq}
	case opSelect:
		p.mailbox = s.mailboxOf(m)
	}
	if m.early {
		return
	}
	s.push(p)
}

// mailboxOf is the mailbox that SELECT or EXAMINE names, decoded.
func (s *Session) mailboxOf(m *message) string {
	value, _, ok := m.argument()
	if !ok {
		return ""
	}
	return s.mailboxName(value)
}

// argument is the first argument of a command: atom, quoted string or literal.
func (m *message) argument() (value, rest []byte, ok bool) {
	line := m.firstLine()
	if m.rest > len(line) {
		return nil, nil, false
	}
	if len(m.literals) > 0 {
		l := m.literals[0]
		if before, _ := nextWord(skipBlanks(line[m.rest:])); len(before) > 0 && (before[0] == '{' || before[0] == '~') {
			return line[l.Off : l.Off+l.Kept], line[l.Off+l.Kept:], true
		}
	}
	return astring(skipBlanks(trimEnd(line[m.rest:])))
}

// answered takes the first answer's first octet.
func (p *pending) answered(first time.Time) {
	if p.first.IsZero() && !first.Before(p.owed) {
		p.first = first
	}
}

// counted counts the data that a command asked for: of LIST with counts, the
// mailboxes and not their STATUS; of what changes messages, the messages.
func (p *pending) counted(m *message, data any) {
	if m.status != "" {
		return
	}
	p.octets += m.bytes
	switch {
	case m.name == "":
	case strings.HasSuffix(p.name, m.name), m.name == "UIDFETCH",
		m.name == "EXPUNGE" && strings.HasSuffix(p.name, "MOVE"), m.name == "FETCH" && strings.HasSuffix(p.name, "STORE"):
		p.responses++
	case m.name == "VANISHED" && !strings.HasSuffix(p.name, "FETCH"):
		if d, ok := data.(*syntax.VanishedData); ok {
			n, _ := d.UIDs.Count()
			p.responses += n
		}
	}
}

// complete fills in what the completion of s.pending[i] says, and takes the
// command off the queue.
func (s *Session) complete(i int, m *message, e *event.Event) {
	p := s.pending[i]
	p.answered(m.first)
	e.For, e.Cmd, e.Completes = p.name, p.seq, true
	if s, ok := e.Data.(*syntax.Status); ok {
		s.Responses, s.Octets = p.responses, p.octets
	}
	e.Latency = max(m.last.Sub(p.owed), 0)
	if !p.first.IsZero() {
		e.First = max(p.first.Sub(p.owed), 0)
	}
	s.remove(i)
	s.settle(&p, m.status)
}

// settle changes the session's state as a completed command does.
func (s *Session) settle(p *pending, status string) {
	if s.auth.seq == p.seq && s.auth.ex != nil {
		p.user = s.auth.ex.User()
		if s.auth.ex.Authz() != "" {
			p.user = s.auth.ex.Authz()
		}
		s.owed = !s.auth.spoke
		s.auth = auth{}
	}
	if s.idle.seq == p.seq {
		s.idle = idle{}
	}
	switch {
	case p.row == nil:
	case status == "OK":
		s.succeed(p)
	case status == "NO" && p.row.op == opSelect && s.journal.State == event.StateSelected:
		s.deselect() // RFC 9051 §6.3.2: a failed SELECT leaves no mailbox selected
	}
}

// succeed is settle for OK.
func (s *Session) succeed(p *pending) {
	s.journal.State = p.row.completed(s.journal.State)
	if p.row.op == opNone || p.row.op == opAppend || p.row.op == opIdle {
		return // the context stays: it is not copied for nothing
	}
	s.journal.Change(func(c *event.Context) {
		if p.row.op == opSelect {
			c.Mailbox = p.mailbox
		} else if s.journal.State != event.StateSelected {
			c.Mailbox = ""
		}
		switch p.row.op {
		case opLogin, opAuthenticate:
			c.User = p.user
		case opUnauthenticate:
			c.User = ""
		}
	})
	switch p.row.op {
	case opCompress:
		s.compress()
	case opUnauthenticate:
		s.utf8 = false
	}
}

// deselect is the end of the selected state without a command's OK.
func (s *Session) deselect() {
	s.journal.State = event.StateAuthenticated
	s.size = mailboxSize{}
	s.journal.Change(func(c *event.Context) { c.Mailbox = "" })
}
