package proxy

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
	"mailtap/proxy/gate"
	"mailtap/proxy/route"
)

// Limits in time. Nothing is closed for being quiet before the protocols allow
// it: IMAP's IDLE is silent for half an hour (RFC 9051 §5.4), POP3's autologout
// is at ten minutes or more (RFC 1939 §3).
const (
	helloLimit     = 10 * time.Second // for a ClientHello
	dialLimit      = 20 * time.Second
	handshakeLimit = 30 * time.Second // each; and for the server's answers to mailtap's own commands
	greetingLimit  = time.Minute      // for a greeting that mailtap itself waits for
	closeLimit     = 5 * time.Second  // for the last words to a client
	idleIMAP       = 35 * time.Minute
	idlePOP3       = 15 * time.Minute
	clientEnded    = 5 * time.Minute  // how long the server may be silent when the client sends no more
	serverEnded    = 30 * time.Second // and the other way round
)

// session is one client's connection and the server's that belongs to it.
//
// It has one goroutine, and while it relays one more: a loop each. What both
// need is under mu, which is never held while anything is read or written.
type session struct {
	id       string
	listener *listener
	proxy    *Proxy
	proto    event.Proto
	start    time.Time
	refused  bool // there are too many

	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	parse   wire.Session
	gate    *gate.Gate // nil: what comes goes on as it is
	sink    *sink
	client  *leg
	server  *leg      // nil until connected
	broken  bool      // parse has panicked: what comes goes on unread
	last    wire.Info // as it was before parse broke
	over    bool      // the last word was said to the client
	stands  bool      // both loops run
	quiet   bool      // the server's loop is to stop when no command is pending
	greeted bool
	drains  bool
	by      event.Side // who ended the session; SideNone while nobody did
	reason  string
	first   *ending  // of the loop that ended first
	failure *failure // why the client is told that it cannot go on

	peer   *x509.Certificate // the server's
	warned bool              // tls.upstream.cleartext was found
	spoken bool              // the client has sent something: its loop's
	protos []string          // ALPN: what the client offers
	asked  int               // commands of mailtap's own
	list   []byte            // the capabilities that the server said when asked
	active atomic.Int64      // when octets last came, Unix nanoseconds
	idle   *time.Timer
	fedC   int64 // octets from the client
	fedS   int64 // octets to the client
	mute   bool  // nothing can be said to the client: its handshake failed
	shut   bool  // session.close is on record
}

// failure is what ends a session before its time.
type failure struct {
	text string // for the client, in its protocol
	line []byte // or: the server's own line, which says it
}

// newParse is parse.New; a test of what happens when it panics has another.
var newParse = parse.New

func newSession(l *listener, conn net.Conn) *session {
	s := &session{
		id: newID(time.Now()), listener: l, proxy: l.proxy, proto: l.route.Listen.Proto,
		start: clock(), client: newLeg(event.SideClient, conn),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// begin is the session's life until the relay can begin, and reports whether it can.
func (s *session) begin() (relay bool) {
	defer func() {
		if r := recover(); r != nil {
			s.panicked(r)
		}
	}()
	s.mu.Lock()
	s.sink = &sink{record: s.proxy.record, session: s.id}
	s.parse = newParse(s.proto, wire.Options{ID: s.id, ShowSecrets: s.proxy.cfg.ShowSecrets, Sink: s.sink})
	s.idle = time.AfterFunc(s.idleLimit(), s.checkIdle)
	s.mu.Unlock()
	s.touch(s.start)
	s.emit(&event.Event{Kind: event.KindSessionOpen, Route: &event.Route{
		Listen: s.listener.bound.String(), Upstream: s.listener.route.Upstream.String(),
		Client: s.client.link.RemoteAddr().String(),
	}})
	s.open()
	return s.failed() == nil && !s.ended()
}

// relay is the session's life from there on.
func (s *session) relays() {
	defer func() {
		if r := recover(); r != nil {
			s.panicked(r)
		}
	}()
	s.relayAll()
}

// conclude is the session's end.
func (s *session) conclude() {
	if f := s.failed(); f != nil {
		s.tell(f)
	}
	s.finish()
}

// open brings both connections to where the relay can begin.
func (s *session) open() {
	implicit := s.listener.route.Listen.Mode == route.Implicit
	switch {
	case implicit && !s.awaitHello():
		return
	case s.refused:
		s.fail("mailtap.limit", "", fmt.Sprintf("the limit of sessions at a time is reached (--max-sessions %d)", s.proxy.cfg.MaxSessions))
	default:
		s.connect()
	}
	if s.ctx.Err() != nil || implicit && !s.shakeClient() || s.ended() {
		return
	}
	s.setGate()
	if implicit && s.server.tls == nil {
		s.cleartext()
	}
}

// setGate puts a gate between the sides where they differ.
func (s *session) setGate() {
	sides := gate.Sides{
		Proto: s.proto, ClientTLS: s.client.tls != nil, ServerTLS: s.server.tls != nil,
		Required:   s.listener.route.Listen.Mode == route.StartTLS,
		NoCompress: s.proxy.cfg.NoCompress,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil && !sides.Needed(event.StateNone) {
		return
	}
	s.gate = gate.New(sides)
	if s.list != nil {
		s.gate.Greet(s.list, sides.ClientTLS)
	}
}

// finish closes what is open and writes the last event.
func (s *session) finish() {
	s.cancel()
	s.idle.Stop()
	s.closeLegs()
	now := clock()
	s.guard(func() {
		s.parse.EOF(event.SideClient, now)
		s.parse.EOF(event.SideServer, now)
	})
	closing := s.closing(now)
	s.mu.Lock()
	s.emitLocked(closing)
	s.shut = true
	s.mu.Unlock()
	s.guard(s.parse.Close)
}

// closing is the event session.close.
func (s *session) closing(now time.Time) *event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := s.info()
	by, reason := s.by, s.reason
	if by == event.SideNone {
		by = event.SideProxy
	}
	return &event.Event{Kind: event.KindSessionClose, Time: now, State: info.State, Close: &event.Close{
		BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands,
		WireC: s.client.link.bytesIn.Load(), WireS: s.client.link.bytes.Load(),
		Duration: now.Sub(s.start).Truncate(time.Millisecond), By: by, Reason: reason,
	}}
}

// info is parse's, or when that broke what it was and what went by since.
// The caller has the lock.
func (s *session) info() wire.Info {
	if !s.broken {
		return s.parse.Info()
	}
	info := s.last
	info.BytesC, info.BytesS = s.fedC, s.fedS
	return info
}

// emit puts an event on record. A parser that broke cannot number it any more.
func (s *session) emit(e *event.Event) {
	if e.Time.IsZero() {
		e.Time = clock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emitLocked(e)
}

func (s *session) emitLocked(e *event.Event) {
	if s.broken || !s.guarded(func() { s.parse.Emit(e) }) {
		s.unnumbered(e)
		s.sink.flush()
	}
}

// found puts a finding or a mark on record that was made elsewhere, and reports whether
// the session was open for it.
func (s *session) found(e *event.Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut || s.parse == nil {
		return false
	}
	s.emitLocked(e)
	return true
}

// find puts a finding on record.
func (s *session) find(id, detail string, evidence ...string) {
	s.emit(finding.New(id, detail, evidence...))
}

// fail ends the session with a finding, and text for the client.
func (s *session) fail(id, detail, text string, evidence ...string) {
	s.find(id, detail, evidence...)
	s.refuse(text)
}

// refuse ends the session, and says why to the client.
func (s *session) refuse(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		s.failure = &failure{text: text}
	}
	s.endBy(event.SideProxy, text)
}

// end notes who ended the session: the first to be named.
func (s *session) end(by event.Side, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endBy(by, reason)
}

func (s *session) endBy(by event.Side, reason string) {
	if s.by == event.SideNone {
		s.by, s.reason = by, reason
	}
}

func (s *session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by != event.SideNone
}

func (s *session) failed() *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// closeLegs closes both sockets; TLS says close_notify first.
func (s *session) closeLegs() {
	s.mu.Lock()
	legs := []*leg{s.client, s.server}
	s.mu.Unlock()
	for _, l := range legs {
		if l != nil {
			l.link.SetWriteDeadline(time.Now().Add(closeLimit))
			l.conn.Close()
		}
	}
}

// abort ends the session from outside, at once.
func (s *session) abort(reason string) {
	s.end(event.SideProxy, reason)
	s.cancel()
	s.mu.Lock()
	legs := []*leg{s.client, s.server}
	s.mu.Unlock()
	for _, l := range legs {
		if l != nil {
			l.link.Close()
		}
	}
}

// describe tells where the session stands.
func (s *session) describe() Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := Session{
		ID: s.id, Proto: s.proto, Start: s.start, Client: s.client.link.RemoteAddr().String(),
		Listen: s.listener.bound.String(), Upstream: s.listener.route.Upstream.String(),
	}
	if s.parse != nil {
		info := s.info()
		d.User, d.State, d.BytesC, d.BytesS = info.Context.User, info.State, info.BytesC, info.BytesS
	}
	return d
}
