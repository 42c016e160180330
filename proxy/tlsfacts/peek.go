// Package tlsfacts is what mailtap knows about TLS (RFC 8446, RFC 5246): how a
// connection opens, what two sides agreed in a handshake, whether the server's
// certificate can be trusted, and, where a handshake fails, which side failed,
// with what alert, and what that most likely means (DIAGNOSES.md, section a).
//
// The two handshakes of a session are Listener.Handshake, where mailtap is the
// server, and Upstream.Handshake, where it is the client. Both give a Report
// with the `tls` event's content and, of a failure, the finding's id.
//
// The package dials nothing, makes no certificates and has no part in the
// upgrade that comes before a handshake: that is proxy's, its only caller
// beside proxy/check.
package tlsfacts

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// Opening is how a connection begins.
type Opening uint8

// The openings.
const (
	Silent Opening = iota // nothing came in time: a client that waits for a greeting
	Closed                // it ended before anything came
	Plain                 // something that is no TLS
	TLS                   // a TLS handshake record
)

// Hello is what a client offers in its ClientHello (RFC 8446 §4.1.2).
type Hello struct {
	SNI        string // as the client sent it; it may be anything
	Versions   []uint16
	Ciphers    []uint16
	ALPN       []string
	Signatures []tls.SignatureScheme
	Curves     []tls.CurveID
	Extensions []uint16
}

// Peeked is what Peek saw.
type Peeked struct {
	Opening Opening
	Hello   *Hello // of TLS; nil where it could not be read whole
	Head    []byte // every octet that was read
	Err     error  // why there is no Hello
}

// Peek reads the beginning of a connection, for at most wait, and gives a conn
// that hands out the same octets once more.
func Peek(conn net.Conn, wait time.Duration) (Peeked, *Conn) {
	conn.SetReadDeadline(time.Now().Add(wait))
	defer conn.SetReadDeadline(time.Time{})
	r := &recorder{Conn: conn}
	p := Peeked{}
	p.Opening, p.Err = r.opening()
	if p.Opening == TLS {
		p.Hello, p.Err = r.hello()
	}
	p.Head = r.head
	return p, &Conn{Conn: conn, head: r.head}
}

// BeginsHandshake reports whether data begins a TLS handshake record of any
// version (RFC 8446 §5.1), as far as data goes. No IMAP or POP3 line does.
func BeginsHandshake(data []byte) bool {
	return len(data) > 0 && data[0] == 0x16 && (len(data) < 2 || data[1] == 3)
}

// recorder keeps what is read, and sends nothing.
type recorder struct {
	net.Conn
	head []byte
	at   int // of head: read again from here
}

func (r *recorder) Read(p []byte) (int, error) {
	if r.at < len(r.head) {
		n := copy(p, r.head[r.at:])
		r.at += n
		return n, nil
	}
	n, err := r.Conn.Read(p)
	r.head = append(r.head, p[:n]...)
	r.at += n
	return n, err
}

func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }

// opening reads until it is clear what the connection is.
func (r *recorder) opening() (Opening, error) {
	var buf [1024]byte
	for len(r.head) < 2 {
		n, err := r.Read(buf[:])
		if n > 0 && !BeginsHandshake(r.head) {
			break
		}
		if err == nil {
			continue
		}
		switch {
		case len(r.head) > 0:
			return TLS, err
		case errors.Is(err, os.ErrDeadlineExceeded):
			return Silent, err
		}
		return Closed, err
	}
	r.at = 0
	if BeginsHandshake(r.head) {
		return TLS, nil
	}
	return Plain, nil
}

// errSeen ends the handshake that is no handshake.
var errSeen = errors.New("seen")

// hello has crypto/tls read the ClientHello, in however many records it comes,
// within crypto/tls' limits.
func (r *recorder) hello() (*Hello, error) {
	var h *Hello
	err := tls.Server(r, &tls.Config{GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		h = NewHello(info)
		return nil, errSeen
	}}).Handshake()
	if h == nil {
		return nil, err
	}
	return h, nil
}

// NewHello takes what crypto/tls says about a ClientHello, without the values
// that clients throw in to keep servers honest (GREASE, RFC 8701).
func NewHello(info *tls.ClientHelloInfo) *Hello {
	return &Hello{
		SNI:        info.ServerName,
		Versions:   plain(info.SupportedVersions),
		Ciphers:    plain(info.CipherSuites),
		ALPN:       slices.DeleteFunc(slices.Clone(info.SupportedProtos), func(p string) bool { return len(p) == 2 && p[0] == p[1] && p[0]&15 == 10 }),
		Signatures: slices.Clone(info.SignatureSchemes),
		Curves:     slices.Clone(info.SupportedCurves),
		Extensions: plain(info.Extensions),
	}
}

// fleeting are extensions that a client sends in one session and leaves out in
// the next: server_name, which an address has not, padding, early_data,
// pre_shared_key, cookie, session_ticket.
var fleeting = []uint16{0, 21, 35, 41, 42, 44}

// Fingerprint names what a client offers, without what changes from session to
// session: the order of extensions, which browsers shuffle, and those that
// resuming needs. The same program gives the same eight hexadecimal digits;
// two programs over one library may give them too. "" where nothing is known.
func (h *Hello) Fingerprint() string {
	if h == nil {
		return ""
	}
	extensions := slices.DeleteFunc(slices.Clone(h.Extensions), func(id uint16) bool { return slices.Contains(fleeting, id) })
	slices.Sort(extensions)
	sum := sha256.Sum256(fmt.Append(nil, h.Versions, h.Ciphers, extensions, numbers(h.Signatures), numbers(h.Curves), h.ALPN))
	return hex.EncodeToString(sum[:4])
}

// numbers are code points without GREASE.
func numbers[N ~uint16](values []N) []uint16 {
	ids := make([]uint16, len(values))
	for i, v := range values {
		ids[i] = uint16(v)
	}
	return plain(ids)
}

func plain(values []uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(values), func(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff })
}

// VersionNames is versions in words, the oldest first.
func VersionNames(versions []uint16) string {
	sorted := slices.Clone(versions)
	slices.Sort(sorted)
	words := make([]string, len(sorted))
	for i, v := range sorted {
		words[i] = tls.VersionName(v)
	}
	return list(words, 8)
}

// CipherNames is cipher suites by their IANA names.
func CipherNames(ids []uint16) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = cipherName(id)
	}
	return list(words, 12)
}

// list is words with commas, the most first ones of many.
func list(words []string, most int) string {
	if len(words) == 0 {
		return "nothing"
	}
	if len(words) > most {
		words = append(slices.Clone(words[:most]), "and others")
	}
	return strings.Join(words, ", ")
}

// Conn is a connection of which some octets were read already.
type Conn struct {
	net.Conn
	head []byte
}

// NewConn gives a conn that reads head before what conn has.
func NewConn(conn net.Conn, head []byte) *Conn { return &Conn{Conn: conn, head: head} }

// Read hands out the head, then what the connection brings.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.head) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.head)
	if c.head = c.head[n:]; len(c.head) == 0 {
		c.head = nil
	}
	return n, nil
}

// CloseWrite passes a half-close on where the connection below can do that.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

var _ io.Reader = (*Conn)(nil)
