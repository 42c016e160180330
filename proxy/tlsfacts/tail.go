package tlsfacts

import (
	"net"
)

// tail keeps the last octets of what a client sent during the handshake.
//
// OpenSSL's clients, and so curl, mbsync and fetchmail, refuse a certificate
// in TLS 1.3 with an alert that is not encrypted, before they change keys.
// crypto/tls takes it for an encrypted record and reports a bad record MAC:
// what the alert said can only be seen here.
type tail struct {
	net.Conn
	last [7]byte
	done bool // the handshake is over
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if !t.done && n > 0 {
		got := p[max(0, n-len(t.last)):n]
		copy(t.last[:], t.last[len(got):])
		copy(t.last[len(t.last)-len(got):], got)
	}
	return n, err
}

// CloseWrite is here since callers ask the connection below for it.
func (t *tail) CloseWrite() error { return (&Conn{Conn: t.Conn}).CloseWrite() }

// alert is the cleartext alert with which the client ended, if it did: type
// 21, a version, two octets, fatal (RFC 8446 §5.1, §6).
func (t *tail) alert() (uint8, bool) {
	l := t.last
	return l[6], l[0] == 21 && l[1] == 3 && l[3] == 0 && l[4] == 2 && l[5] == 2
}
