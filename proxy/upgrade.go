package proxy

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// upgrade does what both loops were brought to a stop for, and reports whether
// the relay goes on. Three things stop them:
//
//	the client asks, and mailtap answers (the sides differ)
//	the server says OK to the client's STARTTLS: held until mailtap is inside
//	the server says NO: it was relayed, and what stood behind goes on
func (s *session) upgrade() bool {
	s.server.link.SetReadDeadline(time.Time{})
	switch {
	case s.client.held != nil:
		return s.answerUpgrade()
	case s.server.held != nil:
		return s.followUpgrade()
	}
	return true
}

// answerUpgrade answers the client's STARTTLS. Where the server is in the
// clear it is brought inside first, if it offers that.
func (s *session) answerUpgrade() bool {
	if s.server.tls == nil && !s.upgradeServer() {
		return false
	}
	return s.release(s.client, s.server) && s.clientInside()
}

// followUpgrade shakes hands with a server that has said OK to the client's
// STARTTLS, and only then lets the client have that OK.
func (s *session) followUpgrade() bool {
	s.behind(s.server)
	if !s.shakeServer() {
		s.guard(func() { s.parse.ServerLeg(s.server.held, clock()) })
		return false
	}
	return s.release(s.server, s.client) && s.clientInside()
}

// release lets the line through that the gate has held.
func (s *session) release(from, to *leg) bool {
	held, rest := from.held, from.rest
	s.grant()
	p := s.step(from, to, held, clock())
	err := to.write(p.turnTo, p.to)
	if len(p.from) > 0 && err == nil {
		err = from.write(p.turnFrom, p.from)
	}
	from.held, from.rest = nil, rest
	if err != nil {
		s.note(ending{side: s.client.side, how: endRead, err: err})
	}
	return err == nil && !p.over
}

func (s *session) grant() {
	s.mu.Lock()
	defer s.mu.Unlock() // also where it panics: what is to be said of that needs the lock
	s.gate.Grant()
}

// clientInside shakes hands with a client that was told to begin, and puts the
// gate aside if the sides are alike now.
func (s *session) clientInside() bool {
	if !s.awaitTLS() || !s.shakeClient() {
		return false
	}
	s.regate()
	if s.server.tls == nil {
		s.cleartext()
	}
	return true
}

// regate tells the gate how the sides stand, or puts it aside.
func (s *session) regate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate == nil {
		return
	}
	if s.client.tls != nil {
		s.gate.Upgraded(event.SideClient)
	}
	if s.server.tls != nil {
		s.gate.Upgraded(event.SideServer)
	}
	if !s.gate.Needed(s.info().State) {
		s.gate = nil
	}
}

// maxInjected is how many octets outside TLS are dropped before the session ends.
const maxInjected = 64 << 10

// behind deals with what stood behind the upgrade's line and was read already:
// what begins a TLS record goes into the handshake, the rest nowhere.
func (s *session) behind(l *leg) {
	s.dropPlain(l, plainPart(l))
}

// plainPart takes what was read of l up to where TLS begins in it, and gives
// that back to the link.
func plainPart(l *leg) []byte {
	data := append(l.rest, l.link.take()...)
	l.rest = nil
	at := 0
	for at < len(data) && !tlsfacts.BeginsHandshake(data[at:]) {
		at++
	}
	if at < len(data) {
		l.link.unread(slices.Clone(data[at:]))
	}
	return data[:at]
}

// dropPlain puts octets outside TLS on record, all of them at once: in parts
// nothing would tell that the second one is a password.
func (s *session) dropPlain(l *leg, data []byte) {
	if len(data) > 0 {
		s.drop(l.side, data, "they stood behind the upgrade, outside TLS")
		if l.side == event.SideClient && asksAgain(data) {
			s.find("starttls.second-command", "the upgrade was agreed on, and in place of TLS the client asks for it once more")
			return
		}
		s.find("starttls.injection", fmt.Sprintf("%d octets from the %v", len(data), l.side))
	}
}

// asksAgain reports whether data is one more STARTTLS or STLS and nothing else:
// a client's mistake, not an injected command.
func asksAgain(data []byte) bool {
	words := bytes.Fields(bytes.ToUpper(data))
	switch len(words) {
	case 1:
		return string(words[0]) == "STLS"
	case 2:
		return string(words[1]) == "STARTTLS"
	}
	return false
}

// awaitTLS waits for the client to begin TLS. What it sends before that may
// have been on its way when the upgrade was agreed on.
func (s *session) awaitTLS() bool {
	link := s.client.link
	link.SetReadDeadline(time.Now().Add(handshakeLimit))
	defer link.SetReadDeadline(time.Time{})
	plain := plainPart(s.client)
	for {
		first, err := link.peek()
		begins := err == nil && tlsfacts.BeginsHandshake(first)
		if err == nil && !begins {
			plain = append(plain, plainPart(s.client)...)
			if len(plain) <= maxInjected {
				continue
			}
		}
		s.dropPlain(s.client, plain)
		if err != nil {
			s.note(ending{side: event.SideClient, err: err})
		} else if !begins {
			s.end(event.SideProxy, fmt.Sprintf("the client sent %d octets in the clear where TLS was to begin", len(plain)))
		}
		return begins
	}
}

// upgradeFirst brings a server inside TLS before the client is greeted. Its
// greeting is kept for the relay to begin with.
func (s *session) upgradeFirst() {
	l := s.server
	greeting, err := s.line(greetingLimit)
	switch {
	case err != nil:
		s.silent(err)
		return
	case !s.fits(l, greeting):
		return
	case startsWith(greeting, "* PREAUTH"):
		s.guard(func() { s.parse.ServerLeg(greeting, clock()) })
		s.fail("starttls.preauth", "", "the server greets with PREAUTH, which leaves no way to TLS, and this route requires it")
		return
	case startsWith(greeting, "* BYE"), startsWith(greeting, "-ERR"):
		s.turnedAway(greeting)
		return
	}
	done, more, err := s.ask(upgradeCommand(s.proto))
	greeting = slices.Concat(greeting, more)
	if !s.agreed(done, err) {
		return
	}
	s.behind(l)
	if !s.shakeServer() {
		return
	}
	s.refresh(greeting)
	l.rest = slices.Concat(greeting, l.rest)
}

// agreed reports whether the server agreed to upgrade; if not, the session
// fails: the route requires it.
func (s *session) agreed(done []byte, err error) bool {
	switch {
	case err != nil:
		s.silent(err)
	case !positive(done):
		s.fail("starttls.not-offered", string(bytes.TrimSpace(done)), s.place()+" does not upgrade to TLS, and this route requires it")
	default:
		return true
	}
	return false
}

// refresh asks for the capabilities anew where the greeting is to carry them:
// those from before the upgrade count no more (RFC 9051 §6.2.1).
func (s *session) refresh(greeting []byte) {
	implicit := s.listener.route.Listen.Mode == route.Implicit
	if s.proto != event.IMAP || !implicit && !bytes.Contains(bytes.ToUpper(greeting), []byte("[CAPABILITY ")) {
		return
	}
	s.list = nil
	if _, more, err := s.ask("CAPABILITY"); err != nil {
		s.silent(err)
	} else if len(more) > 0 {
		s.server.rest = slices.Concat(more, s.server.rest)
	}
}

// turnedAway ends a session that the server has greeted with a refusal: the
// client gets that line as it came.
func (s *session) turnedAway(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = &failure{line: line}
	s.endBy(event.SideServer, "the server's greeting was a refusal")
}

// upgradeServer brings the server inside TLS while the client waits for its
// own upgrade, if the server offers that. It reports whether the session can go on.
func (s *session) upgradeServer() bool {
	offered, err := s.offered()
	if err != nil {
		s.silent(err)
		return false
	}
	if !offered {
		return true
	}
	done, more, err := s.ask(upgradeCommand(s.proto))
	if len(more) > 0 {
		s.pass(s.server, s.client, more)
	}
	switch {
	case err != nil:
		s.silent(err)
		return false
	case !positive(done):
		return true
	}
	s.behind(s.server)
	return s.shakeServer()
}

// offered reports whether the server offers the upgrade: as the gate has seen,
// or else as it says when asked.
func (s *session) offered() (bool, error) {
	if offered, known := s.seenOffer(); known {
		return offered, nil
	}
	command := "CAPABILITY"
	if s.proto == event.POP3 {
		command = "CAPA"
	}
	s.list = nil
	_, more, err := s.ask(command)
	if len(more) > 0 {
		s.pass(s.server, s.client, more)
	}
	words := bytes.Fields(bytes.ToUpper(s.list))
	return slices.ContainsFunc(words, func(w []byte) bool { return string(w) == "STARTTLS" || string(w) == "STLS" }), err
}

func (s *session) seenOffer() (offered, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gate.Offered()
}
