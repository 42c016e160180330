package tlsfacts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
)

// Failure is why a handshake failed, as DIAGNOSES.md names it.
type Failure struct {
	ID     string   // the catalogue's; "" where nothing is known but the error
	Text   string   // which side failed, with what
	Advice string   // what that most likely means, and what to do
	Also   []string // other ids that cannot be excluded
}

// alerts are the alerts that matter here (RFC 8446 §6, RFC 5246 §7.2).
var alerts = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure", 41: "no_certificate",
	42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
	71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension",
	110: "unsupported_extension", 112: "unrecognized_name", 116: "certificate_required", 120: "no_application_protocol",
}

func alertName(a uint8) string {
	if name, ok := alerts[a]; ok {
		return fmt.Sprintf("%s (%d)", name, a)
	}
	return fmt.Sprintf("%d", a)
}

// alertOf is the alert that the peer sent, where err is one. crypto/tls has a
// type for it and keeps it to itself.
func alertOf(err error) (uint8, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}

// ended reports whether the peer just went away.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// plainHead is what came where a TLS record was expected.
func plainHead(err error) ([]byte, bool) {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) {
		return nil, false
	}
	return record.RecordHeader[:], true
}

const legacyAdvice = "update it; to see the session all the same, start mailtap with --tls-legacy"

// PlainOnTLS is a client that does not begin TLS where it must: head is what
// it sent, empty where it waits for a greeting. It may be a login: it is not quoted.
func PlainOnTLS(head []byte) *Failure {
	f := &Failure{ID: "tls.port.plain-on-tls", Text: "the client sent nothing: it waits for a greeting, and this listener expects TLS from the first byte",
		Advice: "set the client's connection security to SSL/TLS, or give mailtap a route with imap+starttls:// or pop3+starttls:// to listen on"}
	if len(head) > 0 {
		f.Text = "the client speaks in the clear, and this listener expects TLS from the first byte"
	}
	return f
}

// TLSOnPlain is a client that begins TLS on a listener that begins in the clear.
func TLSOnPlain() *Failure {
	return &Failure{ID: "tls.port.tls-on-plain", Text: "the client began TLS at once, and this listener begins in the clear",
		Advice: "set the client's connection security to STARTTLS (or none), or give mailtap a route with imaps:// or pop3s:// to listen on; clients show this as \"wrong version number\" or a time-out"}
}

// explain says why a client's handshake failed.
func (l *Listener) explain(err error, s *settings) *Failure {
	if s.err != nil {
		return &Failure{Text: "there is no certificate for the client: " + s.err.Error(), Advice: "see mailtap ca show, and the files of --cert and --key"}
	}
	if head, ok := plainHead(err); ok {
		return PlainOnTLS(head)
	}
	if alert, ok := alertOf(err); ok {
		return l.clientAlert(alert, s.hello)
	}
	text := err.Error()
	if alert, ok := s.tail.alert(); ok && strings.Contains(text, "bad record MAC") {
		return l.clientAlert(alert, s.hello)
	}
	switch {
	case strings.Contains(text, "unsupported versions"):
		return l.versions(s.hello)
	case strings.Contains(text, "no cipher suite"), strings.Contains(text, "signature algorithms"), strings.Contains(text, "no supported elliptic curve"),
		strings.Contains(text, "curve"), strings.Contains(text, "key exchange"):
		return l.ciphers(s.hello, text)
	case timedOut(err) && s.hello == nil:
		return PlainOnTLS(nil)
	case ended(err) && s.hello == nil:
		return &Failure{Text: "the client closed the connection before it began TLS", Advice: "a port scan or a health check does so; a client that does has given up early"}
	case ended(err), timedOut(err):
		return silent(s.hello)
	}
	return &Failure{Text: "the client's TLS handshake failed: " + clean(text), Advice: "the client breaks the protocol, or something between rewrites it"}
}

const trustAdvice = "run mailtap ca trust on the client's machine, or import the file of mailtap ca export into the client's own store; on iOS also switch full trust on (Settings, General, About, Certificate Trust Settings)"

// silent is a client that closed when it saw the certificate.
func silent(hello *Hello) *Failure {
	f := &Failure{ID: "tls.client.silent-abort", Text: "the client closed the connection during the handshake and gave no reason", Also: []string{"tls.client.untrusted-ca"},
		Advice: "if this happens consistently, the client most likely does not trust mailtap's CA, or knows the server's certificate (pinning): " + trustAdvice}
	f.noSNI(hello)
	return f
}

// noSNI adds what a missing server name may have caused.
func (f *Failure) noSNI(hello *Hello) {
	if hello != nil && hello.SNI == "" {
		f.Also = append(f.Also, "tls.sni-missing")
		f.Text += "; it sent no server name, so the certificate has only the names of the listener and of the server"
	}
}

// clientAlert says what a client's alert means.
func (l *Listener) clientAlert(alert uint8, hello *Hello) *Failure {
	f := &Failure{Text: "the client ended the handshake with the alert " + alertName(alert)}
	switch alert {
	case 48: // unknown_ca: what name it asked for plays no part
		f.ID = "tls.client.untrusted-ca"
		f.Advice = "the client does not trust mailtap's CA: " + trustAdvice
	case 42, 43, 44, 46, 49:
		f.ID = "tls.client.untrusted-ca"
		f.Advice = "the client does not trust mailtap's CA, or not for the name that it asked for: " + trustAdvice + "; or type localhost in place of 127.0.0.1 (fetchmail takes no address)"
		f.noSNI(hello)
	case 45:
		f.ID = "tls.client.untrusted-ca"
		f.Advice = "the client takes mailtap's certificate for expired: check the client's clock; then " + trustAdvice
	case 0, 90:
		return silent(hello)
	case 70, 86:
		v := l.versions(hello)
		v.Text = f.Text + "; " + v.Text
		return v
	case 40, 71:
		c := l.ciphers(hello, "")
		c.Text = f.Text + "; " + c.Text
		return c
	default:
		f.Advice = "the client breaks off for a reason of its own: look into its log"
	}
	return f
}

func (l *Listener) versions(hello *Hello) *Failure {
	f := &Failure{ID: "tls.version-too-old", Text: "mailtap speaks " + VersionNames(versions(l.Legacy)),
		Advice: "the client is too old for today's servers: " + legacyAdvice}
	if hello != nil {
		f.Text = fmt.Sprintf("the client offers %s, and %s", VersionNames(hello.Versions), f.Text)
	}
	if l.Legacy {
		f.Advice = "the client is too old even for --tls-legacy: update it"
	}
	return f
}

func (l *Listener) ciphers(hello *Hello, detail string) *Failure {
	f := &Failure{ID: "tls.no-shared-cipher", Text: "no cipher suite that both sides have", Advice: "the client is too old for today's servers: " + legacyAdvice}
	ours := modern
	if l.Legacy {
		ours = ciphers(true)
		f.Advice = "the client and mailtap have no cipher in common, not even with --tls-legacy (mailtap has no DHE): update the client"
	}
	if hello != nil {
		f.Text += fmt.Sprintf(": the client offers %s; mailtap has %s", CipherNames(hello.Ciphers), CipherNames(ours))
	}
	if detail != "" && !strings.Contains(detail, "no cipher suite") {
		f.Text += " (" + clean(detail) + ")"
	}
	return f
}

// explain says why the handshake with the server failed.
func (u *Upstream) explain(err error, a *attempt) *Failure {
	var verify *VerifyError
	if errors.As(err, &verify) {
		return verify.failure()
	}
	if head, ok := plainHead(err); ok {
		return u.plain(head)
	}
	if alert, ok := alertOf(err); ok {
		return u.serverAlert(alert, a)
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "unsupported protocol version"):
		return u.versions("the server chose a version that is too old (" + clean(text) + ")")
	case strings.Contains(text, "unconfigured cipher suite"), strings.Contains(text, "unsupported cipher"):
		return u.ciphers("the server chose a cipher suite that mailtap did not offer")
	case strings.Contains(text, "parse certificate"), strings.Contains(text, "certificate"), strings.Contains(text, "RSA key"):
		return &Failure{ID: "tls.certificate-untrusted", Text: "the server's certificate cannot be used: " + clean(text),
			Advice: "issue it anew; clients with other TLS libraries may still take it"}
	case timedOut(err), errors.Is(err, net.ErrClosed): // by mailtap's own end, or the client's
		return &Failure{ID: "net.timeout", Text: "the server did not finish the TLS handshake in time", Also: []string{"tls.middlebox"},
			Advice: "check that the port is one for TLS (993, 995); a firewall or virus scanner that inspects mail also looks like this"}
	case ended(err):
		return &Failure{ID: "net.reset", Text: "the server closed the connection during the TLS handshake and gave no reason",
			Also:   []string{"tls.version-too-old", "tls.middlebox"},
			Advice: "look into the server's log; a server without a certificate, one that wants another server name, a block list, or a firewall does so"}
	}
	return &Failure{Text: "the TLS handshake with the server failed: " + clean(text), Advice: "look into the server's log"}
}

// plain is a server that speaks in the clear.
func (u *Upstream) plain(head []byte) *Failure {
	if u.Upgrade {
		return &Failure{ID: "tls.upstream.plaintext", Text: fmt.Sprintf("the server agreed to the upgrade and went on in the clear, with %q", clean(string(head))),
			Advice: "look into the server's log; something between that answers in its place also looks like this"}
	}
	f := &Failure{ID: "tls.upstream.plaintext", Text: fmt.Sprintf("the server answered %q in the clear, and the route says TLS from the first byte", clean(string(head))),
		Advice: "use the server's TLS port (993 for imaps://, 995 for pop3s://), or the scheme imap+starttls:// or pop3+starttls:// on this one"}
	switch text := string(head); {
	case strings.HasPrefix(text, "220"), strings.HasPrefix(text, "HTTP/"), strings.HasPrefix(text, "SSH-"), strings.HasPrefix(text, "554"):
		f.Also = []string{"proto.wrong-service"}
		f.Advice = "this is no mail access server (the answer looks like SMTP, HTTP or SSH): check host and port, 993 for imaps:// and 995 for pop3s://"
	}
	return f
}

// serverAlert says what a server's alert means.
func (u *Upstream) serverAlert(alert uint8, a *attempt) *Failure {
	said := "the server ended the handshake with the alert " + alertName(alert)
	certificate := alert >= 41 && alert <= 49
	switch {
	case alert == 116, (certificate || alert == 40) && a.asked && !a.gave:
		return &Failure{ID: "tls.client-cert-required", Text: said + ": it asks for a client certificate, and mailtap gave none",
			Advice: "give mailtap the client's certificate for the server: --upstream-cert FILE --upstream-key FILE, or ?cert=FILE&key=FILE behind the upstream"}
	case certificate && a.gave:
		return &Failure{ID: "tls.client-cert-required", Text: said + ": it does not take the client certificate that mailtap gave",
			Advice: "check who issued the certificate of --upstream-cert, when it expires, and which CA the server expects"}
	case alert == 70, alert == 86:
		return u.versions(said)
	case alert == 40, alert == 71:
		return u.ciphers(said)
	case alert == 112:
		return &Failure{ID: "tls.name-mismatch", Text: fmt.Sprintf("%s: it does not know the name %q", said, clean(u.Name)),
			Advice: "use the name that the server's certificate has, or write ?name=SERVERNAME behind the upstream"}
	}
	return &Failure{Text: said, Advice: "look into the server's log"}
}

func (u *Upstream) versions(said string) *Failure {
	f := &Failure{ID: "tls.version-too-old", Text: fmt.Sprintf("%s; mailtap offers %s", said, VersionNames(versions(u.Legacy))),
		Advice: "the server is too old for today's clients: " + legacyAdvice}
	if u.Legacy {
		f.Advice = "the server is too old even for --tls-legacy: update it"
	}
	return f
}

func (u *Upstream) ciphers(said string) *Failure {
	ours := modern
	if u.Legacy {
		ours = ciphers(true)
	}
	f := &Failure{ID: "tls.no-shared-cipher", Text: fmt.Sprintf("%s; mailtap offers %s, with %s", said, VersionNames(versions(u.Legacy)), CipherNames(ours)),
		Advice: "the server and mailtap most likely have no cipher in common: " + legacyAdvice, Also: []string{"tls.version-too-old", "tls.client-cert-required"}}
	if u.Legacy {
		f.Advice = "the server and mailtap have no cipher in common, not even with --tls-legacy (mailtap has no DHE): update the server"
	}
	return f
}
