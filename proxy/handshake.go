package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/proxy/tlsfacts"
)

// greetingWait is from when on a client that was silent, and closes before the
// listener gives up, has waited for a greeting: port scans and health checks are
// gone at once.
const greetingWait = 4 * time.Second

// awaitHello waits for the client's first octets, and reports whether they
// begin TLS. Until then nothing is dialled.
func (s *session) awaitHello() bool {
	began := time.Now()
	peeked, _ := tlsfacts.Peek(s.client.link, helloLimit)
	if s.ended() {
		return false
	}
	switch peeked.Opening {
	case tlsfacts.TLS:
		s.client.link.unread(peeked.Head)
		if peeked.Hello != nil {
			s.protos = peeked.Hello.ALPN
		}
		return true
	case tlsfacts.Closed:
		if time.Since(began) >= greetingWait && len(peeked.Head) == 0 {
			f := tlsfacts.PlainOnTLS(nil)
			s.failedTLS(event.SideClient, f)
			s.findTLS(event.SideClient, f, event.SeverityNone)
		}
		s.note(ending{side: event.SideClient, err: peeked.Err})
		return false
	case tlsfacts.Plain:
		s.drop(event.SideClient, append(peeked.Head, s.client.link.take()...), "they came in the clear where TLS begins")
	}
	f := tlsfacts.PlainOnTLS(peeked.Head)
	s.failedTLS(event.SideClient, f)
	s.failTLS(event.SideClient, f, "this port begins with TLS; set the client's connection security to SSL/TLS")
	return false
}

// failedTLS is the event of a handshake that could not begin.
func (s *session) failedTLS(side event.Side, f *tlsfacts.Failure) {
	s.emit(&event.Event{Kind: event.KindTLS, TLS: &event.TLS{Side: side, Failure: f.Text, Advice: f.Advice}})
}

// drop puts octets on record that go nowhere.
func (s *session) drop(side event.Side, data []byte, why string) {
	s.guard(func() { s.parse.Drop(side, data, clock(), why) })
}

// shakeClient shakes hands with the client. Its certificate has the names of
// the server's, so the server's handshake comes first where there is one. Where
// the server failed the client is answered all the same, and is told inside TLS.
func (s *session) shakeClient() bool {
	ctx, cancel := context.WithTimeout(s.ctx, handshakeLimit)
	defer cancel()
	conn, report, err := s.proxy.tls.Handshake(ctx, s.client.link, s.leaf, s.alpn())
	s.emit(&event.Event{Kind: event.KindTLS, TLS: report.TLS})
	if err != nil {
		s.mu.Lock()
		s.mute = true
		s.mu.Unlock()
		if s.ctx.Err() == nil {
			s.findTLS(event.SideClient, report.Failure, event.SeverityNone)
			s.end(event.SideClient, "its TLS handshake with mailtap failed")
		}
		return false
	}
	s.inside(s.client, conn)
	return true
}

// inside puts TLS over a leg's link.
func (s *session) inside(l *leg, conn *tls.Conn) {
	s.mu.Lock()
	l.secure(conn)
	s.mu.Unlock()
	s.guard(func() { s.parse.Upgraded(l.side, clock()) })
}

// leaf is the certificate that answers a client's hello.
func (s *session) leaf(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if own := s.proxy.cfg.Certificate; own != nil {
		return own, nil
	}
	return s.proxy.cfg.Leaves.Answer(hello, s.peer, s.listener.names(s.client.link.LocalAddr()))
}

// shakeServer shakes hands with the server.
func (s *session) shakeServer() bool {
	ctx, cancel := context.WithTimeout(s.ctx, handshakeLimit)
	defer cancel()
	conn, report, err := s.listener.upstream.Handshake(ctx, s.server.link, s.protos)
	s.emit(&event.Event{Kind: event.KindTLS, TLS: report.TLS})
	if err != nil {
		if s.ctx.Err() == nil {
			s.failTLS(event.SideServer, report.Failure, fmt.Sprintf("TLS with %s: %s", s.place(), report.Failure.Text))
		}
		return false
	}
	if report.Ignored != nil {
		s.findTLS(event.SideServer, report.Ignored, event.SeverityWarning)
	}
	s.peer = report.Leaf
	s.inside(s.server, conn)
	return true
}

// findTLS puts what a handshake came to on record as a finding; a severity
// that is given goes before the catalogue's.
func (s *session) findTLS(side event.Side, f *tlsfacts.Failure, severity event.Severity) {
	id := f.ID
	if id == "" {
		id = "tls.upstream.failed"
		if side == event.SideClient {
			id = "tls.client.failed"
		}
	}
	e := finding.New(id, f.Text)
	if f.Advice != "" {
		e.Finding.Advice = f.Advice
	}
	if severity != event.SeverityNone {
		e.Finding.Severity = severity
	}
	e.Finding.Also = f.Also
	s.emit(e)
}

// failTLS ends the session with what a handshake came to, and text for the client.
func (s *session) failTLS(side event.Side, f *tlsfacts.Failure, text string) {
	s.findTLS(side, f, event.SeverityNone)
	s.refuse(text)
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
