package proxy

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// farewell is mailtap's last line to a client, in the client's protocol:
// RFC 9051 §7.1.5 and RFC 5530 §3, RFC 1939 §3 and RFC 3206 §4.
func farewell(proto event.Proto, text string) []byte {
	text = strings.ToValidUTF8(wire.Escape([]byte(text)), "?")
	if len(text) > maxFarewell {
		text = strings.ToValidUTF8(text[:maxFarewell], "") + "..."
	}
	if proto == event.POP3 {
		return []byte("-ERR [SYS/TEMP] mailtap: " + text + "\r\n")
	}
	return []byte("* BYE [UNAVAILABLE] mailtap: " + text + "\r\n")
}

// maxFarewell keeps the line within what RFC 2449 §4 allows a POP3 response: 512 octets.
const maxFarewell = 440

// tell says in the client's protocol why the session cannot go on, and gives
// the client time to read it.
func (s *session) tell(f *failure) {
	line := f.line
	if line == nil {
		line = farewell(s.proto, f.text)
	}
	s.mu.Lock()
	if s.over || s.mute || s.compressed() || !s.client.written() {
		s.mu.Unlock()
		return
	}
	s.over = true
	var turn uint64
	if f.line != nil {
		s.guarded(func() { s.parse.Feed(event.SideServer, line, clock(), nil) })
		turn = s.client.issue()
	} else {
		turn = s.inject(line)
	}
	s.mu.Unlock()
	s.client.link.SetDeadline(time.Now().Add(closeLimit))
	if s.client.write(turn, line) != nil {
		return
	}
	s.client.closeWrite()
	io.Copy(io.Discard, s.client.conn) // a close with octets unread would take the line back (RST)
}

// inject puts a line to the client on record and gives the turn to write it.
// The caller has the lock.
func (s *session) inject(line []byte) (turn uint64) {
	if !s.broken {
		s.guarded(func() { s.parse.Inject(event.SideClient, line, clock()) })
	}
	s.fedS += int64(len(line))
	return s.client.issue()
}

func (s *session) compressed() bool { return s.info().Compressed }

const (
	shuttingDown = "shutting down" // to clients: CONTRACT section 2
	shutDown     = "mailtap was shut down"
)

// drain ends the session if it is idle, or as soon as it is.
func (s *session) drain() {
	s.mu.Lock()
	s.drains = true
	s.mu.Unlock()
	s.leaveHeard()
}

// leaveHeard ends a session that is idle, when all has been heard that a side
// has sent; its end above all, for then it is that side who ended the session.
func (s *session) leaveHeard() {
	for s.unheard() {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(hearing):
		}
	}
	s.leave(shuttingDown, shutDown, false)
}

// hearing is how often leaveHeard looks whether all has been heard.
const hearing = 2 * time.Millisecond

// unheard reports whether something has arrived that the loops, while both
// run, have not seen yet.
func (s *session) unheard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stands && !s.over && s.by == event.SideNone && (s.client.link.arrived() || s.server.link.arrived())
}

// drained ends the session: its time is up.
func (s *session) drained() {
	s.leave(shuttingDown, shutDown, true)
	s.abort(shutDown + ", and the session was busy until the end of --drain")
}

func (s *session) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drains
}

// leave ends a session that is idle: an IMAP client gets BYE, a POP3 client has
// had its answer. With late a session that is busy ends too, and is told so
// where that is possible at a line's beginning.
func (s *session) leave(text, reason string, late bool) {
	s.mu.Lock()
	if s.over || s.parse == nil {
		s.mu.Unlock()
		return
	}
	info := s.info()
	boundary := s.stands && s.greeted && info.Boundary && s.client.written() && !s.broken
	idle := boundary && s.server.written() && (info.Pending == 0 || info.Idle && info.Pending == 1)
	if !idle && !late {
		s.mu.Unlock()
		return
	}
	s.over = true
	half := s.by != event.SideNone // one side has ended already: there is nobody to tell, or nothing
	s.endBy(event.SideProxy, reason)
	var line []byte
	if !half && s.proto == event.IMAP && boundary && !info.Compressed {
		line = farewell(s.proto, text)
	}
	var turn uint64
	if line != nil {
		turn = s.inject(line)
	}
	s.mu.Unlock()
	if line != nil {
		s.client.link.SetWriteDeadline(time.Now().Add(closeLimit))
		s.client.write(turn, line)
	}
	s.closeLegs()
}

func (s *session) idleLimit() time.Duration {
	if s.proto == event.POP3 {
		return idlePOP3
	}
	return idleIMAP
}

// touch notes that octets came.
func (s *session) touch(t time.Time) { s.active.Store(t.UnixNano()) }

// checkIdle ends a session in which nothing was said for too long.
func (s *session) checkIdle() {
	limit := s.idleLimit()
	quiet := time.Since(time.Unix(0, s.active.Load()))
	if quiet < limit {
		s.mu.Lock()
		s.idle.Reset(limit - quiet)
		s.mu.Unlock()
		return
	}
	text := fmt.Sprintf("%s %d minutes", finding.Silence, int(limit/time.Minute))
	s.leave(text, text, true)
	s.abort(text)
}
