package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"time"

	"mailtap/parse/wire"
	"mailtap/proxy/route"
)

// Config says what a Proxy does. Routes, and Leaves or Certificate, are
// needed; the zero value of everything else is the default.
type Config struct {
	Routes []route.Route

	Leaves      Leaves           // makes the certificates that clients get
	Certificate *tls.Certificate // in place of leaves: --cert and --key
	Upstream    Upstream         // how servers' certificates are checked, where the route does not say
	TLSLegacy   bool             // TLS 1.0, 1.1 and old ciphers, both sides
	KeyLog      io.Writer        // NSS key log of both sides; nil for none

	MaxSessions int           // 0 is no limit
	Drain       time.Duration // what busy sessions get at the end; 0 is DefaultDrain
	Once        bool          // one session, then Serve returns
	NoCompress  bool          // hide COMPRESS=DEFLATE
	ShowSecrets bool          // mask no credentials

	Outputs []Output
	Failed  func(Sink, error) // a sink that never drops has failed and gets no more; nil is ignored

	Dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil is net.Dialer's
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
}

// DefaultDrain is how long sessions that are busy may go on after a signal.
const DefaultDrain = 10 * time.Second

// Leaves makes (or remembers) the certificate that answers a client's hello:
// for the name that it asks for, those on the server's certificate (nil where
// there is none), and the listener's own names and addresses. It is called by
// many sessions at once. The local CA (proxy/ca) is one.
type Leaves interface {
	Answer(hello *tls.ClientHelloInfo, upstream *x509.Certificate, listener []string) (*tls.Certificate, error)
}

// Upstream says how a server's certificate is checked. A route's options go
// before it.
type Upstream struct {
	Roots       *x509.CertPool      // nil is the system's
	RootCerts   []*x509.Certificate // what is in Roots, to say what is missing between them and a server's
	Insecure    bool                // check nothing, but report
	Certificate *tls.Certificate    // for servers that want one of their clients
}

// A Sink takes the record of all sessions: events and octets in order. The
// slice is the proxy's again after Write; what the items point to is shared
// with other sinks and must not be changed. Write is called by one goroutine.
// At the end sinks get their last items in the order of Config.Outputs.
type Sink interface {
	Write(batch []wire.Item) error
}

// An Output is a sink and what it is to the proxy.
type Output struct {
	Sink   Sink
	Octets bool // it wants octets, not events alone
	Copies bool // its Write keeps no octets' Data: the memory is used again then
	Drop   bool // it may fall behind: items are dropped and counted where its queue is full
}

// A Dropper is a Sink that wants to know what its queue had no room for, before
// the next batch: how many events, and octets of sessions.
type Dropper interface {
	Dropped(events int, octets int64)
}
