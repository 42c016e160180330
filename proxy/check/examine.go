package check

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// examined are the versions that a server is asked for, each by itself.
var examined = []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10}

// weak are cipher suites that nobody should need: RC4, 3DES.
var weak = []uint16{
	tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
	tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
}

// examineTLS finds out which versions a server takes, and whether weak ciphers.
// Each costs a connection; all suites of TLS 1.2 are asked for only with
// --intrusive, since they cost one each.
func (c *checker) examineTLS(ctx context.Context, s *Server) {
	const any = 0
	for i, name := range collect(append(slices.Clone(examined), any), func(version uint16) string {
		id, ok := uint16(0), false
		if version == any {
			id, ok = c.offer(ctx, s, tls.VersionTLS10, tls.VersionTLS12, weak)
		} else {
			id, ok = c.offer(ctx, s, version, version, everySuite())
		}
		if !ok {
			return ""
		}
		return tls.CipherSuiteName(id)
	}) {
		if i < len(examined) {
			s.TLS.Versions = append(s.TLS.Versions, Version{tls.VersionName(examined[i]), name})
		} else {
			s.TLS.Weak = name
		}
	}
	if c.Intrusive {
		s.TLS.Ciphers = c.enumerate(ctx, s)
	}
}

// everySuite is all that crypto/tls can do below TLS 1.3.
func everySuite() []uint16 {
	var ids []uint16
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, suite.ID)
	}
	return ids
}

// enumerate takes away what the server chooses until it chooses nothing more.
func (c *checker) enumerate(ctx context.Context, s *Server) []string {
	var names []string
	left := everySuite()
	for ctx.Err() == nil && len(left) > 0 {
		id, ok := c.offer(ctx, s, tls.VersionTLS12, tls.VersionTLS12, left)
		if !ok || !slices.Contains(left, id) {
			break
		}
		names = append(names, tls.CipherSuiteName(id))
		left = slices.DeleteFunc(left, func(other uint16) bool { return other == id })
	}
	return names
}

// offer shakes hands with these versions and suites only, and tells which suite
// was chosen. Certificates do not matter here.
func (c *checker) offer(ctx context.Context, s *Server, lowest, highest uint16, suites []uint16) (uint16, bool) {
	conn, err := c.again(ctx, s)
	if err != nil {
		return 0, false
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if s.endpoint.Mode != route.Implicit && !c.askTLS(conn, s) {
		return 0, false
	}
	name := c.upstream(s).Name
	client := tls.Client(conn, &tls.Config{
		ServerName: name, MinVersion: lowest, MaxVersion: highest, CipherSuites: suites, InsecureSkipVerify: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil },
	})
	if client.HandshakeContext(ctx) != nil {
		return 0, false
	}
	return client.ConnectionState().CipherSuite, true
}

// askTLS brings a connection to where a handshake can begin.
func (c *checker) askTLS(conn net.Conn, s *Server) bool {
	k := newTalk(conn, s.endpoint.Proto, s.URL, c.Timeout, nil)
	defer k.parse.Close()
	if g, err := k.greet(); err != nil || g.Kind != event.KindGreeting {
		return false
	}
	k.stopAt = upgradeCommand(k.proto)
	ok := k.ask(k.stopAt, "").ok()
	conn.SetDeadline(time.Time{})
	return ok && len(k.rest) == 0
}
