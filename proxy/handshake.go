package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"mailtap/parse/event"
)

// tlsHandshake is the type of the record that begins TLS: RFC 8446 §5.1.
const tlsHandshake = 0x16

// awaitHello waits for the client's first octets, and reports whether they
// begin TLS. Until then nothing is dialled.
func (s *session) awaitHello() bool {
	s.client.link.SetReadDeadline(time.Now().Add(helloLimit))
	first, err := s.client.link.peek()
	s.client.link.SetReadDeadline(time.Time{})
	switch {
	case s.ended():
		return false
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.plainOnTLS(fmt.Sprintf("no ClientHello came in %d s", int(helloLimit.Seconds())))
		return false
	case err != nil:
		s.note(ending{side: event.SideClient, err: err})
		return false
	case first[0] == tlsHandshake || first[0]&0x80 != 0: // SSLv2's hello: the handshake says what is wrong
		return true
	}
	s.drop(event.SideClient, s.client.link.take(), "they came in the clear where TLS begins")
	s.plainOnTLS("its first octets are no TLS")
	return false
}

func (s *session) plainOnTLS(detail string) {
	s.fail("tls.port.plain-on-tls", detail, "this port begins with TLS; set the client's connection security to SSL/TLS")
}

// drop puts octets on record that go nowhere.
func (s *session) drop(side event.Side, data []byte, why string) {
	s.guard(func() { s.parse.Drop(side, data, time.Now(), why) })
}

// shakeClient shakes hands with the client. Between its hello and the answer
// it calls connect, if there is one: the answer's certificate has the names of
// the server's. Where the server failed the client is answered all the same,
// and is told inside TLS.
func (s *session) shakeClient(connect ...func()) bool {
	link := s.client.link
	link.SetDeadline(time.Now().Add(helloLimit))
	link.hello = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s.protos = hello.SupportedProtos
		for _, call := range connect {
			link.SetDeadline(time.Time{})
			call()
		}
		link.SetDeadline(time.Now().Add(handshakeLimit))
		return s.answer(hello)
	}
	conn := tls.Server(link, s.proxy.tls)
	err := conn.Handshake()
	link.SetDeadline(time.Time{})
	link.hello = nil
	state := conn.ConnectionState()
	s.emit(tlsEvent(event.SideClient, state, err))
	if err != nil {
		s.clientFailed(err)
		return false
	}
	s.mu.Lock()
	s.client.secure(conn)
	s.mu.Unlock()
	s.guard(func() { s.parse.Upgraded(event.SideClient, time.Now()) })
	return true
}

// answer is the configuration for one client: its certificate, and the
// application protocol that the server agreed to, if any.
func (s *session) answer(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	answer := s.proxy.tls.Clone()
	answer.GetConfigForClient = nil
	if chosen := s.alpn(); chosen != "" {
		answer.NextProtos = []string{chosen}
	}
	if own := s.proxy.cfg.Certificate; own != nil {
		answer.Certificates = []tls.Certificate{*own}
		return answer, nil
	}
	leaf, err := s.proxy.cfg.Leaves.Answer(hello, s.peer, s.listener.names(s.client.link.LocalAddr()))
	if err != nil {
		return nil, err
	}
	answer.Certificates = []tls.Certificate{*leaf}
	return answer, nil
}

// clientFailed ends a session whose client's handshake failed: nothing can be
// said to such a client any more.
func (s *session) clientFailed(err error) {
	s.mu.Lock()
	s.mute = true
	s.mu.Unlock()
	s.end(event.SideClient, "the TLS handshake with the client failed: "+plain(err).Error())
}

// shakeServer shakes hands with the server.
func (s *session) shakeServer() bool {
	link := s.server.link
	link.SetDeadline(time.Now().Add(handshakeLimit))
	check := &check{route: s.listener.upstream}
	conn := tls.Client(link, s.listener.upstream.config(check, s.protos))
	err := conn.Handshake()
	link.SetDeadline(time.Time{})
	state := conn.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		state.PeerCertificates = check.chain
	}
	e := tlsEvent(event.SideServer, state, err)
	for i := range e.TLS.Peer {
		e.TLS.Peer[i].Verified = check.err == nil
		if i == 0 && check.err != nil {
			e.TLS.Peer[i].Reason = check.err.Error()
		}
	}
	s.emit(e)
	if err != nil {
		s.serverFailed(err)
		return false
	}
	s.mu.Lock()
	s.server.secure(conn)
	s.peer = state.PeerCertificates[0]
	s.mu.Unlock()
	s.guard(func() { s.parse.Upgraded(event.SideServer, time.Now()) })
	return true
}

// serverFailed says why there is no TLS with the server.
func (s *session) serverFailed(err error) {
	if s.ctx.Err() != nil {
		return
	}
	id, detail := handshakeFinding(err)
	s.fail(id, s.place()+": "+detail, fmt.Sprintf("TLS with %s: %s", s.place(), detail))
}

// handshakeFinding is the finding for a handshake with a server that failed, and the cause.
func handshakeFinding(err error) (id, detail string) {
	var record tls.RecordHeaderError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &record):
		head := record.RecordHeader[:]
		if other := serviceOf(head, event.ProtoNone); other != "" {
			return "tls.upstream.plaintext", fmt.Sprintf("the server began with %q, which is %s in the clear", head, other)
		}
		return "tls.upstream.plaintext", fmt.Sprintf("the server began with %q", head)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "tls.certificate-expired", invalid.Error()
	case errors.As(err, &name):
		return "tls.name-mismatch", name.Error()
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return "tls.certificate-untrusted", plain(err).Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "net.timeout", "the handshake was not finished in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "net.reset", "the server closed the connection in the handshake"
	}
	if id, _ := unreachable(err); id == "net.reset" {
		return id, "the server reset the connection in the handshake"
	}
	return "tls.upstream.failed", plain(err).Error()
}

// alpn is the application protocol that was agreed with the server.
func (s *session) alpn() string {
	if s.server == nil || s.server.tls == nil {
		return ""
	}
	return s.server.tls.ConnectionState().NegotiatedProtocol
}

// cleartext is found once where the client is inside TLS and the server is not.
func (s *session) cleartext() {
	if !s.warned {
		s.warned = true
		s.find("tls.upstream.cleartext", s.place())
	}
}

// tlsFailure is for a handshake that never began.
func tlsFailure(side event.Side, err error) *event.Event {
	return tlsEvent(side, tls.ConnectionState{}, err)
}

// tlsEvent says what a handshake agreed on, or why it failed.
func tlsEvent(side event.Side, state tls.ConnectionState, err error) *event.Event {
	t := &event.TLS{Side: side, SNI: state.ServerName, ALPN: state.NegotiatedProtocol, Resumed: state.DidResume}
	if state.Version != 0 {
		t.Version = tls.VersionName(state.Version)
	}
	if state.CipherSuite != 0 {
		t.Cipher = tls.CipherSuiteName(state.CipherSuite)
	}
	for _, c := range state.PeerCertificates {
		names := append([]string(nil), c.DNSNames...)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
		t.Peer = append(t.Peer, event.Certificate{Subject: c.Subject.String(), Names: names, Issuer: c.Issuer.String(), Expiry: c.NotAfter})
	}
	if err != nil {
		t.Failure = plain(err).Error()
	}
	return &event.Event{Kind: event.KindTLS, TLS: t}
}
