// Package proxy relays IMAP and POP3 sessions between clients and servers and
// puts what they say on record: the listeners, the life of a session, the two
// loops that copy its octets, the upgrade to TLS, and the end of it all.
//
// The order in a session (CONTRACT section 1, RFC 8314):
//
//	accept -> [ClientHello] -> dial, [handshake | STARTTLS] with the server
//	       -> [handshake with the client] -> relay <-> upgrade -> close
//
// It understands nothing of the protocols itself: parse does that, gate says
// what to change where the modes of the two sides differ, route and ca make
// what cmd/mailtap puts into a Config. It writes no file and no log.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// ErrClosed is what Serve returns after Close.
var ErrClosed = errors.New("the proxy was closed")

// Proxy relays the sessions of some routes. Listen, then Serve, once each.
type Proxy struct {
	cfg       Config
	listeners []*listener
	record    *record
	tls       *tlsfacts.Listener

	mu       sync.Mutex
	sessions map[string]*session
	refusals int // sessions over the limit that are being told so
	draining bool
	closed   bool
	once     sync.Once
	first    chan struct{} // closed when the first session is over
	wg       sync.WaitGroup
}

// New prepares a proxy: it reads the files that routes name in their options
// and checks what can be checked without a socket.
func New(cfg Config) (*Proxy, error) {
	if cfg.Leaves == nil && cfg.Certificate == nil {
		return nil, errors.New("a proxy needs leaves or a certificate")
	}
	if cfg.Drain == 0 {
		cfg.Drain = DefaultDrain
	}
	if err := route.Check(cfg.Routes); err != nil {
		return nil, err
	}
	p := &Proxy{cfg: cfg, sessions: map[string]*session{}, first: make(chan struct{})}
	p.cfg.KeyLog = serialized(cfg.KeyLog)
	p.tls = tlsfacts.NewListener(cfg.TLSLegacy, p.cfg.KeyLog)
	for _, r := range cfg.Routes {
		l := &listener{proxy: p, route: r}
		var err error
		if l.upstream, err = UpstreamTLS(p.cfg, r); err != nil {
			return nil, fmt.Errorf("route %s: %w", r, err)
		}
		p.listeners = append(p.listeners, l)
	}
	p.record = newRecord(cfg.Outputs, cfg.Failed)
	heapFloor()
	return p, nil
}

// heapFloor keeps the garbage collector from running more often than every
// 32 MiB of garbage. A proxy with few sessions keeps next to nothing and makes
// an event a line, so that Go's own floor of 4 MiB has the collector run all
// the time. The block is made once and never touched: it takes addresses and
// no memory, and where much is kept it makes no difference.
var heapFloor = sync.OnceValue(func() []byte { return make([]byte, 32<<20) })

// Listen binds all routes, or none. Its error says what to do about it.
func (p *Proxy) Listen(ctx context.Context) error {
	for _, l := range p.listeners {
		if err := l.bind(ctx); err != nil {
			p.closeListeners()
			return err
		}
	}
	for _, l := range p.listeners {
		if to := p.ownListener(l.route.Upstream); to != "" {
			p.closeListeners()
			return fmt.Errorf("%w: %s listens there; name the mail server in route %s", route.ErrOwnListener, to, l.route)
		}
	}
	return nil
}

// Serve relays sessions until ctx is done, then drains: new connections are
// refused, idle sessions are told and closed, the others have Config.Drain.
// It returns when every session is over and every sink has what was queued.
func (p *Proxy) Serve(ctx context.Context) error {
	for _, l := range p.listeners {
		p.record.add(append([]wire.Item{{Event: l.listening()}}, l.warnings()...), nil)
		p.wg.Go(l.accept)
	}
	select {
	case <-ctx.Done():
	case <-p.first:
	}
	p.drain()
	p.wg.Wait()
	p.record.close()
	if p.isClosed() {
		return ErrClosed
	}
	return nil
}

// Close ends every session at once; Serve returns soon after.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed, p.draining = true, true
	p.mu.Unlock()
	p.closeListeners()
	for _, s := range p.all() {
		s.abort("mailtap was stopped")
	}
}

func (p *Proxy) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// drain refuses new connections, and lets sessions come to their end.
func (p *Proxy) drain() {
	p.mu.Lock()
	p.draining = true
	p.mu.Unlock()
	p.closeListeners()
	for _, s := range p.all() {
		p.wg.Go(s.drain) // a client that does not read holds up nobody else
	}
	late := time.AfterFunc(p.cfg.Drain, func() {
		for _, s := range p.all() {
			go s.drained()
		}
	})
	defer late.Stop()
	p.wg.Wait()
}

func (p *Proxy) closeListeners() {
	for _, l := range p.listeners {
		l.close()
	}
}

// Listening is what each route is bound to, in the order of the routes.
func (p *Proxy) Listening() []*event.Event {
	var all []*event.Event
	for _, l := range p.listeners {
		all = append(all, l.listening())
	}
	return all
}

// Sessions is the sessions that run, in no order.
func (p *Proxy) Sessions() []Session {
	var all []Session
	for _, s := range p.all() {
		all = append(all, s.describe())
	}
	return all
}

// Kill ends a session at once, and reports whether there was one.
func (p *Proxy) Kill(id string) bool {
	p.mu.Lock()
	s := p.sessions[id]
	p.mu.Unlock()
	if s != nil {
		s.abort("it was ended by hand")
	}
	return s != nil
}

func (p *Proxy) all() []*session {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*session, 0, len(p.sessions))
	for _, s := range p.sessions {
		all = append(all, s)
	}
	return all
}

// start makes a connection a session; refuse says that there are too many.
func (p *Proxy) start(l *listener, conn net.Conn) {
	s := newSession(l, conn)
	p.mu.Lock()
	if p.draining {
		p.mu.Unlock()
		conn.Close()
		return
	}
	if p.cfg.MaxSessions > 0 && len(p.sessions)-p.refusals >= p.cfg.MaxSessions {
		if p.refusals >= maxRefusals {
			p.mu.Unlock()
			conn.Close()
			return
		}
		s.refused = true
		p.refusals++
	}
	for p.sessions[s.id] != nil {
		s.id = newID(time.Now())
	}
	p.sessions[s.id] = s
	p.wg.Add(1)
	p.mu.Unlock()
	go p.run(s)
}

// maxRefusals is how many clients over the limit are told so at one time.
const maxRefusals = 64

// run is a session's life. The relay gets a goroutine anew: handshakes leave a
// large stack behind, which an idle session need not keep.
func (p *Proxy) run(s *session) {
	if s.begin() {
		go func() {
			s.relays()
			p.conclude(s)
		}()
		return
	}
	p.conclude(s)
}

func (p *Proxy) conclude(s *session) {
	defer p.wg.Done()
	s.conclude()
	p.mu.Lock()
	delete(p.sessions, s.id)
	if s.refused {
		p.refusals--
	}
	p.mu.Unlock()
	if p.cfg.Once {
		p.once.Do(func() { close(p.first) })
	}
}

// Find puts on record what is no session's own doing: a finding that a sink
// made of several sessions' events, or a mark that the user set. It stands with the session that its context names: among its events while
// that is open, behind them else. It may be called from a sink's Write.
func (p *Proxy) Find(e *event.Event) {
	p.mu.Lock()
	s := p.sessions[e.Session]
	p.mu.Unlock()
	if s == nil || !s.found(e) {
		p.record.add([]wire.Item{{Session: e.Session, Event: e}}, nil)
	}
}

// Session is what may be told of a session that runs.
type Session struct {
	ID               string
	Proto            event.Proto
	Listen, Upstream string // URLs
	Client           string // IP:PORT
	Start            time.Time
	User             string
	State            event.State
	BytesC, BytesS   int64
}
