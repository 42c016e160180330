package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/ca"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// listener is one route at work.
type listener struct {
	proxy    *Proxy
	route    route.Route
	bound    route.Endpoint // route.Listen with the port that it got
	upstream *tlsfacts.Upstream

	mu   sync.Mutex
	net  net.Listener
	done bool
}

// bind opens the listening socket.
func (l *listener) bind(ctx context.Context) error {
	listen := l.proxy.cfg.Listen
	if listen == nil {
		listen = new(net.ListenConfig).Listen
	}
	address := l.route.Listen.Addr()
	ln, err := listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen %s: %w", address, advised(err, l.route.Listen))
	}
	l.net, l.bound = ln, l.route.Listen
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok {
		l.bound = l.route.Listen.Bound(tcp.Port)
	}
	return nil
}

// advised is why an address could not be bound, and what to do.
func advised(err error, e route.Endpoint) error {
	free := net.JoinHostPort(e.Host, "0")
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("address already in use; choose another with LISTEN=UPSTREAM, or %s for a free port", free)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("permission denied; ports below 1024 are the system's: choose another with LISTEN=UPSTREAM, or %s for a free port", free)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no such address; choose another with LISTEN=UPSTREAM, such as 127.0.0.1:%d", e.Port)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Errorf("%w; choose another address with LISTEN=UPSTREAM", err)
}

// accept takes connections until the listener is closed.
func (l *listener) accept() {
	for delay := time.Duration(0); ; {
		conn, err := l.net.Accept()
		if err == nil {
			delay = 0
			l.proxy.start(l, conn)
			continue
		}
		if l.closed() {
			return
		}
		if delay == 0 { // out of files, most likely: sessions that end give some back
			l.proxy.record.add([]wire.Item{{Event: logEvent("error", fmt.Sprintf("accepting on %s: %v", l.bound, err))}}, nil)
		}
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		time.Sleep(delay)
	}
}

func (l *listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.net != nil && !l.done {
		l.done = true
		l.net.Close()
	}
}

func (l *listener) closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

// listening is the event that tells people what to type into their client.
func (l *listener) listening() *event.Event {
	return &event.Event{Kind: event.KindListening, Time: clock(), Route: &event.Route{
		Listen: l.bound.String(), Upstream: l.route.Upstream.String(), Settings: l.settings(),
	}}
}

func (l *listener) settings() string {
	server := l.bound.Host
	if l.bound.All {
		server = "this machine's name or address"
	}
	return "server " + server + ", port " + strconv.Itoa(l.bound.Port) + ", connection security " + l.bound.Mode.String()
}

// logEvent is mailtap speaking of itself.
func logEvent(level, message string) *event.Event {
	return &event.Event{Kind: event.KindLog, Time: clock(), Level: event.ParseLevel(level), Message: message}
}

// warnings is what is to be said about the listener beside that it listens.
func (l *listener) warnings() []wire.Item {
	if !l.bound.All {
		return nil
	}
	return []wire.Item{{Event: logEvent("warn", fmt.Sprintf(
		"%s listens on all interfaces: whoever reaches this machine can use it; 127.0.0.1:%d would be for this machine only", l.bound, l.bound.Port))}}
}

// names is what a client may know the listener as: for its certificate.
func (l *listener) names(local net.Addr) []string {
	names := ca.ListenerNames(l.bound.Host, l.bound.All)
	if tcp, ok := local.(*net.TCPAddr); ok {
		names = append([]string{tcp.IP.String()}, names...) // first: it is what the client was told, if an address
	}
	return names
}

// ownListener is the listener that a connection to e would reach, or "".
func (p *Proxy) ownListener(e route.Endpoint) string {
	for _, l := range p.listeners {
		if e.Reaches(l.bound) {
			return l.bound.String()
		}
	}
	return ""
}

// errLoop is a connection that would lead to a listener of ours.
var errLoop = errors.New("it is a listener of mailtap itself")

// dialer connects to servers, and to no listener of ours: each session would
// open another one without end.
func (p *Proxy) dialer() *net.Dialer {
	return &net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err == nil && p.listensAt(to) {
			return errLoop
		}
		return nil
	}}
}

// listensAt reports whether a connection to address ends at a listener of ours.
func (p *Proxy) listensAt(address netip.AddrPort) bool {
	to := address.Addr().Unmap().WithZone("")
	for _, l := range p.listeners {
		tcp, ok := l.net.Addr().(*net.TCPAddr)
		if !ok || tcp.Port != int(address.Port()) {
			continue
		}
		bound := tcp.AddrPort().Addr().Unmap().WithZone("")
		if bound == to || bound.IsUnspecified() && ours(to) || to.IsUnspecified() && bound.IsLoopback() {
			return true
		}
	}
	return false
}

// ours reports whether addr is one of this machine's.
func ours(addr netip.Addr) bool {
	if addr.IsLoopback() || addr.IsUnspecified() {
		return true
	}
	all, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(all, func(a net.Addr) bool {
		ip, ok := a.(*net.IPNet)
		return ok && ip.IP.Equal(net.IP(addr.AsSlice()))
	})
}
