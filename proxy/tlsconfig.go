package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"mailtap/proxy/route"
)

// clientTLS is what all clients' handshakes begin with: one for all of them,
// since it holds the keys of session tickets. The link says who it is about.
func clientTLS(cfg Config) *tls.Config {
	c := common(cfg)
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		return hello.Conn.(*link).hello(hello)
	}
	return c
}

// common is what both sides' configurations have in common. Records are
// written full from the start: who relays has the octets already.
func common(cfg Config) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, KeyLogWriter: cfg.KeyLog, DynamicRecordSizingDisabled: true}
	if cfg.TLSLegacy {
		c.MinVersion = tls.VersionTLS10
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			c.CipherSuites = append(c.CipherSuites, suite.ID)
		}
	}
	return c
}

// upstreamConfig is how a route's server is spoken to inside TLS.
type upstreamConfig struct {
	base     *tls.Config
	roots    *x509.CertPool
	insecure bool
	name     string
}

// upstreamTLS makes it of a route's options and, where those say nothing, the flags.
func upstreamTLS(cfg Config, r route.Route) (*upstreamConfig, error) {
	u := &upstreamConfig{base: common(cfg), roots: cfg.Upstream.Roots, name: r.ServerName(), insecure: r.Options.Insecure.Or(cfg.Upstream.Insecure)}
	u.base.ServerName = u.name
	u.base.InsecureSkipVerify = true // check does it, and says what it found
	cert := cfg.Upstream.Certificate
	if file := r.Options.Cert; file != "" {
		key := r.Options.Key
		if key == "" {
			key = file
		}
		pair, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate %s: %w", file, err)
		}
		cert = &pair
	}
	if cert != nil {
		u.base.Certificates = []tls.Certificate{*cert}
	}
	if file := r.Options.CA; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the authority's certificate: %w", err)
		}
		u.roots = x509.NewCertPool()
		if !u.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM form; convert it with openssl x509 -inform der", file)
		}
	}
	return u, nil
}

// config is the configuration for one handshake, with c to check the certificate.
func (u *upstreamConfig) config(c *check, protos []string) *tls.Config {
	config := u.base.Clone()
	config.NextProtos = protos
	config.VerifyConnection = c.verify
	return config
}

// check is the check of one server's certificate. crypto/tls could do it, but
// would then not say what is wrong where --upstream-insecure goes on.
type check struct {
	route *upstreamConfig
	chain []*x509.Certificate
	err   error
}

func (c *check) verify(state tls.ConnectionState) error {
	c.chain = state.PeerCertificates
	options := x509.VerifyOptions{Roots: c.route.roots, DNSName: c.route.name, Intermediates: x509.NewCertPool()}
	for _, cert := range c.chain[1:] {
		options.Intermediates.AddCert(cert)
	}
	if _, c.err = c.chain[0].Verify(options); c.err == nil || c.route.insecure {
		return nil
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: c.chain, Err: c.err}
}
