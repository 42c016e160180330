package tlsfacts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"mailtap/parse/event"
)

// Upstream is how mailtap shakes hands with the server of a route. One value
// serves all sessions of the route, at once.
type Upstream struct {
	Name      string              // to ask for (SNI, unless an address) and to check against
	Roots     *x509.CertPool      // nil: the system's
	RootCerts []*x509.Certificate // what Roots holds, where the user named a file
	Insecure  bool                // report what is wrong with the certificate, and go on
	Cert      *tls.Certificate    // for a server that asks for one
	Legacy    bool                // TLS 1.0 and old ciphers
	Upgrade   bool                // TLS begins behind STARTTLS or STLS
	KeyLog    io.Writer
	Sessions  tls.ClientSessionCache // nil: no resumption
	Now       func() time.Time       // nil: time.Now
}

// LoadRoots reads the file of --upstream-ca. The system's roots do not count then.
func (u *Upstream) LoadRoots(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the CA of the server: %w", err)
	}
	certs, err := parseCertificates(data)
	if err != nil {
		return fmt.Errorf("reading the CA of the server %s: %w", file, err)
	}
	u.Roots, u.RootCerts = x509.NewCertPool(), certs
	for _, cert := range certs {
		u.Roots.AddCert(cert)
	}
	return nil
}

func (u *Upstream) time() time.Time {
	if u.Now != nil {
		return u.Now()
	}
	return time.Now()
}

// attempt is one handshake with the server: what came to light on the way.
type attempt struct {
	state  tls.ConnectionState
	verify *VerifyError
	asked  bool // the server asked for a client certificate
	gave   bool // and got one
}

// Handshake makes conn a TLS connection. alpn is what to offer, as a rule what
// the client offered. On an error conn is of no more use, and the report says
// why; it is never nil.
func (u *Upstream) Handshake(ctx context.Context, conn net.Conn, alpn []string) (*tls.Conn, *Report, error) {
	a := &attempt{}
	tconn := tls.Client(conn, u.config(a, alpn))
	err := tconn.HandshakeContext(ctx)
	if state := tconn.ConnectionState(); err == nil || len(a.state.PeerCertificates) == 0 {
		a.state = state
	}
	if a.state.ServerName == "" {
		a.state.ServerName = sni(u.Name)
	}
	r := &Report{TLS: describe(event.SideServer, a.state), state: a.state}
	if len(a.state.PeerCertificates) > 0 {
		r.Leaf = a.state.PeerCertificates[0]
		mark(r.TLS, a.verify)
	}
	if err != nil {
		r.fail(u.explain(err, a))
		return nil, r, err
	}
	if a.verify != nil {
		r.Ignored = a.verify.failure()
	}
	return tconn, r, nil
}

// Late explains an error that the first reads after a handshake give: in TLS
// 1.3 a server says no to a client's certificate only then. It is nil where
// the error is none of TLS.
func (u *Upstream) Late(err error) *Failure {
	if _, ok := alertOf(err); !ok {
		return nil
	}
	return u.explain(err, &attempt{asked: true, gave: u.Cert != nil})
}

func (u *Upstream) config(a *attempt, alpn []string) *tls.Config {
	return &tls.Config{
		ServerName:             u.Name,
		NextProtos:             alpn,
		MinVersion:             versions(u.Legacy)[0],
		CipherSuites:           ciphers(u.Legacy),
		KeyLogWriter:           u.KeyLog,
		ClientSessionCache:     u.Sessions,
		SessionTicketsDisabled: u.Sessions == nil,
		// Verified below, so that the chain is known where it fails.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			a.state = state
			if len(state.PeerCertificates) == 0 {
				return errors.New("the server sent no certificate")
			}
			if a.verify = u.verify(state.PeerCertificates); a.verify != nil && !u.Insecure {
				return a.verify
			}
			return nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			a.asked = true
			if u.Cert == nil {
				return &tls.Certificate{}, nil
			}
			a.gave = true
			return u.Cert, nil
		},
		// Relayed messages are large: small first records would only cost.
		DynamicRecordSizingDisabled: true,
	}
}

// sni is name as crypto/tls sends it: addresses have no place there (RFC 6066 §3).
func sni(name string) string {
	if net.ParseIP(name) != nil {
		return ""
	}
	return name
}

func (r *Report) fail(f *Failure) {
	r.Failure = f
	r.TLS.Failure, r.TLS.Advice = f.Text, f.Advice
}
