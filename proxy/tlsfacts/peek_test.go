package tlsfacts

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// helloOctets is what a crypto/tls client sends first.
func helloOctets(t *testing.T, config *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		tls.Client(client, config).Handshake()
		client.Close()
	}()
	buf := make([]byte, 16<<10)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func TestPeek(t *testing.T) {
	hello := helloOctets(t, &tls.Config{ServerName: "mail.example.org", NextProtos: []string{"imap"}, MinVersion: tls.VersionTLS12})
	split := slices.Concat([]byte{22, 3, 1, 0, 7}, hello[5:12], []byte{22, 3, 1, byte((len(hello) - 12) >> 8), byte(len(hello) - 12)}, hello[12:])
	tests := []struct {
		name  string
		sent  []byte
		close bool
		want  Opening
		hello bool
	}{
		{"hello", hello, false, TLS, true},
		{"hello with more behind it", append(slices.Clone(hello), 1, 2, 3), true, TLS, true},
		{"hello in two records", split, false, TLS, true},
		{"half a hello", hello[:50], false, TLS, false},
		{"half a hello, then the end", hello[:50], true, TLS, false},
		{"one octet of a hello", hello[:1], false, TLS, false},
		{"a handshake record of nonsense", []byte{22, 3, 1, 0, 5, 9, 9, 9, 9, 9}, false, TLS, false},
		{"IMAP", []byte("a1 CAPABILITY\r\n"), false, Plain, false},
		{"POP3", []byte("CAPA\r\n"), true, Plain, false},
		{"nothing", nil, false, Silent, false},
		{"the end", nil, true, Closed, false},
		{"0x16 and no TLS", []byte{0x16, 'x'}, false, Plain, false},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 1 << 20} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { peekOnce(t, tt.sent, step, tt.close, tt.want, tt.hello) })
			})
		}
	}
}

func peekOnce(t *testing.T, sent []byte, step int, end bool, want Opening, whole bool) {
	client, server := net.Pipe()
	defer server.Close()
	defer client.Close()
	go func() {
		for piece := range slices.Chunk(sent, step) {
			client.Write(piece)
		}
		if end {
			client.Close()
		}
	}()
	start := time.Now()
	p, conn := Peek(server, 10*time.Second)
	if p.Opening != want || (p.Hello != nil) != whole {
		t.Fatalf("Peek = %v, hello %v (%v), want %v, %v", p.Opening, p.Hello, p.Err, want, whole)
	}
	if took := time.Since(start); took > 10*time.Second || want == Silent && took != 10*time.Second {
		t.Errorf("Peek took %v", took)
	}
	if whole && (p.Hello.SNI != "mail.example.org" || !slices.Equal(p.Hello.ALPN, []string{"imap"}) || !slices.Equal(p.Hello.Versions, []uint16{tls.VersionTLS13, tls.VersionTLS12}) || len(p.Hello.Ciphers) == 0) {
		t.Errorf("hello = %+v", p.Hello)
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("read again: %x, %v, want %x", got, err, sent)
	}
}

func TestPeekedConnectionShakesHands(t *testing.T) {
	a := newAuthority(t, "root")
	l := NewListener(false, nil)
	client, server := pair(t)
	go tls.Client(client, &tls.Config{ServerName: "mail.example.org", RootCAs: a.pool()}).Handshake()
	p, conn := Peek(server, 10*time.Second)
	if p.Opening != TLS {
		t.Fatal(p)
	}
	_, r, err := l.Handshake(t.Context(), conn, a.leaf(t, "mail.example.org").answer, "")
	if err != nil || r.TLS.SNI != "mail.example.org" || r.TLS.Version != "TLS 1.3" || r.TLS.Cipher == "" {
		t.Errorf("Handshake = %+v, %v", r.TLS, err)
	}
}

func TestBeginsHandshake(t *testing.T) {
	for data, want := range map[string]bool{"\x16": true, "\x16\x03": true, "\x16\x03\x01\x02": true, "\x16\x04": false, "": false, "a1 NOOP": false, "\x15\x03\x01": false} {
		if got := BeginsHandshake([]byte(data)); got != want {
			t.Errorf("BeginsHandshake(%q) = %v, want %v", data, got, want)
		}
	}
}

func TestGREASEIsLeftOut(t *testing.T) {
	h := NewHello(&tls.ClientHelloInfo{CipherSuites: []uint16{0x1a1a, 0x1301, 0x0a1a}, SupportedVersions: []uint16{0xfafa, 0x0304}, SupportedProtos: []string{"\x0a\x0a", "imap"}})
	if !slices.Equal(h.Ciphers, []uint16{0x1301, 0x0a1a}) || !slices.Equal(h.Versions, []uint16{0x0304}) || !slices.Equal(h.ALPN, []string{"imap"}) {
		t.Errorf("hello = %+v", h)
	}
}

// A program is known again by what it offers: when it resumes, and when it
// shuffles its extensions and draws other GREASE.
func TestFingerprint(t *testing.T) {
	hello := func(ciphers, extensions []uint16) string {
		return NewHello(&tls.ClientHelloInfo{CipherSuites: ciphers, Extensions: extensions, SupportedCurves: []tls.CurveID{tls.X25519}}).Fingerprint()
	}
	first := hello([]uint16{0x0a0a, 0x1301}, []uint16{0x3a3a, 0, 10, 13, 43, 51})
	if again := hello([]uint16{0xdada, 0x1301}, []uint16{0x1a1a, 51, 43, 13, 10, 0, 35, 41}); again != first || len(first) != 8 {
		t.Errorf("the same program is %q, then %q", first, again)
	}
	if other := hello([]uint16{0x1302, 0x1301}, []uint16{0, 10, 13, 43, 51}); other == first {
		t.Errorf("another program is %q too", other)
	}
	if none := (*Hello)(nil).Fingerprint(); none != "" {
		t.Errorf("no hello is %q", none)
	}
}

func FuzzPeek(f *testing.F) {
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"))
	f.Add([]byte("a1 NOOP\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		client, server := net.Pipe()
		defer server.Close()
		go func() {
			client.Write(data)
			client.Close()
		}()
		p, conn := Peek(server, time.Second)
		rest, _ := io.ReadAll(conn)
		if !bytes.Equal(rest, data) {
			t.Errorf("read again: %x, want %x (%v)", rest, data, p.Opening)
		}
	})
}
