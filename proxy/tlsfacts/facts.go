package tlsfacts

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// maxNames bounds how many names of a certificate an event carries.
const maxNames = 100

// Report is what one side's handshake came to.
type Report struct {
	TLS     *event.TLS        // for the session's `tls` event
	Failure *Failure          // why it failed; nil where it did not
	Ignored *Failure          // what is wrong with the server's certificate, where that was to be ignored
	Leaf    *x509.Certificate // the peer's; nil where there is none
	state   tls.ConnectionState
}

// describe is what was agreed. Of a handshake that failed, state may lack anything.
func describe(side event.Side, state tls.ConnectionState) *event.TLS {
	t := &event.TLS{Side: side, SNI: clean(state.ServerName), ALPN: clean(state.NegotiatedProtocol), Resumed: state.DidResume}
	if state.Version != 0 {
		t.Version = tls.VersionName(state.Version)
	}
	if state.CipherSuite != 0 {
		t.Cipher = cipherName(state.CipherSuite)
	}
	for _, cert := range state.PeerCertificates {
		t.Peer = append(t.Peer, certificate(cert))
	}
	return t
}

func certificate(cert *x509.Certificate) event.Certificate {
	return event.Certificate{
		Subject: clean(subject(cert)), Names: Names(cert), Issuer: clean(cert.Issuer.String()), Expiry: cert.NotAfter.UTC(),
	}
}

func subject(cert *x509.Certificate) string {
	if text := cert.Subject.String(); text != "" {
		return text
	}
	return "(no subject)"
}

// Names is what a certificate stands for: DNS names, addresses and mail
// addresses, escaped, at most a hundred.
func Names(cert *x509.Certificate) []string {
	var names []string
	for _, name := range cert.DNSNames {
		names = append(names, clean(name))
	}
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	for _, mail := range cert.EmailAddresses {
		names = append(names, clean(mail))
	}
	return names[:min(len(names), maxNames)]
}

// clean is what a peer said as event text.
func clean(text string) string { return wire.Escape([]byte(text)) }

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
