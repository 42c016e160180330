package tlsfacts

import (
	"context"
	"crypto/tls"
	"io"
	"net"

	"mailtap/parse/event"
)

// Listener is how mailtap shakes hands with clients. One value, of NewListener,
// serves all sessions, at once.
type Listener struct {
	Legacy bool // TLS 1.0 and old ciphers
	KeyLog io.Writer

	base *tls.Config
}

// NewListener gives the clients' side of TLS.
func NewListener(legacy bool, keyLog io.Writer) *Listener {
	l := &Listener{Legacy: legacy, KeyLog: keyLog}
	l.base = l.config()
	// The connection's own settings come in with its context, so that all
	// share one set of ticket keys, and crypto/tls changes them day by day.
	l.base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s := hello.Context().Value(settingsKey{}).(*settings)
		s.hello = NewHello(hello)
		config := l.config()
		config.GetCertificate, config.NextProtos = s.leaf, s.alpn
		return config, nil
	}
	return l
}

// Leaf gives a certificate for a client.
type Leaf func(hello *tls.ClientHelloInfo) (*tls.Certificate, error)

type settingsKey struct{}

// settings are one connection's: what goes into its handshake, and what came of it.
type settings struct {
	leaf  Leaf
	alpn  []string
	hello *Hello
	err   error // leaf's
	tail  *tail
}

func (l *Listener) config() *tls.Config {
	return &tls.Config{
		MinVersion:                  versions(l.Legacy)[0],
		CipherSuites:                ciphers(l.Legacy),
		KeyLogWriter:                l.KeyLog,
		DynamicRecordSizingDisabled: true,
	}
}

// Handshake makes conn a TLS connection with a client. alpn is what the server
// chose, if anything: a client that offers it gets it. On an error the report
// says why; it is never nil.
func (l *Listener) Handshake(ctx context.Context, conn net.Conn, leaf Leaf, alpn string) (*tls.Conn, *Report, error) {
	s := &settings{}
	s.leaf = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := leaf(hello)
		s.err = err
		return cert, err
	}
	if alpn != "" {
		s.alpn = []string{alpn}
	}
	s.tail = &tail{Conn: conn}
	tconn := tls.Server(s.tail, l.base)
	err := tconn.HandshakeContext(context.WithValue(ctx, settingsKey{}, s))
	s.tail.done = true
	state := tconn.ConnectionState()
	if state.ServerName == "" && s.hello != nil {
		state.ServerName = s.hello.SNI
	}
	r := &Report{TLS: describe(event.SideClient, state), state: state}
	r.TLS.Hello = s.hello.Fingerprint()
	if err != nil {
		r.fail(l.explain(err, s))
		return nil, r, err
	}
	return tconn, r, nil
}
