package tlsfacts

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

// TestClientFailures has real clients fail against the listener's handshake.
func TestClientFailures(t *testing.T) {
	a, stranger := newAuthority(t, "mailtap"), newAuthority(t, "stranger")
	own := a.leaf(t, "mail.example.org")
	shake := func(config *tls.Config) func(net.Conn) {
		return func(c net.Conn) { tls.Client(c, config).Handshake(); c.Close() }
	}
	tests := []struct {
		name   string
		legacy bool
		client func(net.Conn)
		id     string
		says   string
		advice string
		also   string
	}{
		{"untrusted CA", false, shake(&tls.Config{ServerName: "mail.example.org", RootCAs: stranger.pool()}), "tls.client.untrusted-ca", "bad_certificate (42)", "mailtap ca trust", ""},
		{"untrusted CA, TLS 1.2", false, shake(&tls.Config{ServerName: "mail.example.org", RootCAs: stranger.pool(), MaxVersion: tls.VersionTLS12}), "tls.client.untrusted-ca", "bad_certificate (42)", "mailtap ca trust", ""},
		{"no SNI", false, shake(&tls.Config{ServerName: "192.0.2.1", RootCAs: a.pool()}), "tls.client.untrusted-ca", "no server name", "mailtap ca trust", "tls.sni-missing"},
		{"unknown CA, no SNI", false, func(c net.Conn) {
			unknownCA := []byte{21, 3, 3, 0, 2, 2, 48} // an alert record of TLS 1.2
			config := &tls.Config{ServerName: "192.0.2.1", MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true,
				VerifyConnection: func(tls.ConnectionState) error { c.Write(unknownCA); c.Close(); return errors.New("unknown") }}
			tls.Client(c, config).Handshake()
		}, "tls.client.untrusted-ca", "unknown_ca (48)", "the client does not trust mailtap's CA: run mailtap ca trust", ""},
		{"silent abort", false, func(c net.Conn) {
			config := &tls.Config{ServerName: "mail.example.org", InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { c.Close(); return errors.New("pinned") }}
			tls.Client(c, config).Handshake()
		}, "tls.client.silent-abort", "gave no reason", "if this happens consistently", "tls.client.untrusted-ca"},
		{"old version", false, shake(&tls.Config{ServerName: "mail.example.org", RootCAs: a.pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), "tls.version-too-old",
			"the client offers TLS 1.0, TLS 1.1, and mailtap speaks TLS 1.2, TLS 1.3", "--tls-legacy", ""},
		{"no shared cipher", false, shake(&tls.Config{ServerName: "mail.example.org", RootCAs: a.pool(), MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}),
			"tls.no-shared-cipher", "the client offers TLS_RSA_WITH_AES_128_CBC_SHA; mailtap has TLS_ECDHE", "--tls-legacy", ""},
		{"RSA client, ECDSA certificate, legacy", true, shake(&tls.Config{ServerName: "mail.example.org", RootCAs: a.pool(), MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}),
			"tls.no-shared-cipher", "the client offers TLS_RSA_WITH_AES_128_CBC_SHA", "not even with --tls-legacy", ""},
		{"plaintext", false, func(c net.Conn) { c.Write([]byte("a1 CAPABILITY\r\n")) }, "tls.port.plain-on-tls", "speaks in the clear", "SSL/TLS", ""},
		{"silence", false, func(net.Conn) {}, "tls.port.plain-on-tls", "waits for a greeting", "SSL/TLS", ""},
		{"the end", false, func(c net.Conn) { c.Close() }, "", "before it began TLS", "", ""},
		{"hostile plaintext", false, func(c net.Conn) { c.Write([]byte("\x1b[2J\r\n")) }, "tls.port.plain-on-tls", "speaks in the clear", "SSL/TLS", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, server := pair(t)
			go tt.client(client)
			ctx, cancel := context.WithTimeout(t.Context(), patience(tt.name))
			defer cancel()
			_, r, err := NewListener(tt.legacy, nil).Handshake(ctx, server, own.answer, "")
			if err == nil {
				t.Fatal("the handshake succeeded")
			}
			check(t, r, tt.id, tt.says, tt.advice, tt.also)
		})
	}
}

// patience is short only for the client that never speaks.
func patience(name string) time.Duration {
	if name == "silence" {
		return 50 * time.Millisecond
	}
	return 30 * time.Second
}

func check(t *testing.T, r *Report, id, says, advice, also string) {
	t.Helper()
	f := r.Failure
	if f == nil {
		t.Fatalf("no failure in %+v", r)
	}
	if f.ID != id || !strings.Contains(f.Text, says) || !strings.Contains(f.Advice, advice) {
		t.Errorf("failure %q\n text %q\n advice %q\nwant %q, %q, %q", f.ID, f.Text, f.Advice, id, says, advice)
	}
	if also != "" && !slices.Contains(f.Also, also) {
		t.Errorf("also %q, want %q", f.Also, also)
	}
	if r.TLS.Failure != f.Text || r.TLS.Advice != f.Advice {
		t.Errorf("the event says %q, %q", r.TLS.Failure, r.TLS.Advice)
	}
	if strings.ContainsAny(f.Text+f.Advice, "\r\n\x1b") {
		t.Errorf("more than a line: %q", f.Text)
	}
}

func TestMissingCertificateIsNoFaultOfTheClient(t *testing.T) {
	client, server := pair(t)
	go tls.Client(client, &tls.Config{InsecureSkipVerify: true}).Handshake()
	_, r, _ := NewListener(false, nil).Handshake(t.Context(), server, func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("the CA is gone") }, "")
	check(t, r, "", "the CA is gone", "mailtap ca show", "")
}

func TestClientsResumeAndAgreeOnALPN(t *testing.T) {
	a := newAuthority(t, "mailtap")
	own := a.leaf(t, "mail.example.org")
	l := NewListener(false, nil)
	config := &tls.Config{ServerName: "mail.example.org", RootCAs: a.pool(), ClientSessionCache: tls.NewLRUClientSessionCache(4), NextProtos: []string{"imap"}}
	for _, resumed := range []bool{false, true} {
		client, server := pair(t)
		go func() {
			c := tls.Client(client, config)
			c.Handshake()
			c.Read(make([]byte, 1)) // takes the ticket too
			c.Close()
		}()
		conn, r, err := l.Handshake(t.Context(), server, own.answer, "imap")
		if err != nil {
			t.Fatal(err)
		}
		if r.TLS.Resumed != resumed || r.TLS.ALPN != "imap" || r.Failure != nil {
			t.Errorf("%+v, want resumed %v, ALPN imap", r.TLS, resumed)
		}
		conn.Write([]byte("x"))
		conn.Read(make([]byte, 1))
	}
}

func TestLegacyClients(t *testing.T) {
	a := newAuthority(t, "mailtap")
	own := issueKey(t, a, "mail.example.org", newRSAKey(t), named("mail.example.org"))
	for _, suite := range []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA} {
		client, server := pair(t)
		go tls.Client(client, &tls.Config{ServerName: "mail.example.org", RootCAs: a.pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{suite}}).Handshake()
		_, r, err := NewListener(true, nil).Handshake(t.Context(), server, own.answer, "")
		if err != nil || r.TLS.Version != "TLS 1.0" || r.TLS.Cipher != tls.CipherSuiteName(suite) {
			t.Errorf("%s: %+v, %v", tls.CipherSuiteName(suite), r.TLS, err)
		}
	}
}

func TestKeyLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := newAuthority(t, "mailtap")
	client, server := pair(t)
	go tls.Client(client, &tls.Config{ServerName: "x.example", RootCAs: a.pool()}).Handshake()
	if _, _, err := NewListener(false, file).Handshake(t.Context(), server, a.leaf(t, "x.example").answer, ""); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("key log %q, %v", data, err)
	}
}

// TestOpenSSLClientFailures has s_client fail as its users see it.
func TestOpenSSLClientFailures(t *testing.T) {
	peertest.Need(t, "openssl")
	a := newAuthority(t, "mailtap")
	own := a.leaf(t, "mail.example.org")
	tests := []struct {
		name string
		args []string
		id   string
		says string
	}{
		{"unknown CA", []string{"-verify_return_error", "-servername", "mail.example.org"}, "tls.client.untrusted-ca", "unknown_ca (48)"},
		{"old version", []string{"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}, "tls.version-too-old", "offers TLS 1.0, TLS 1.1"},
		{"no shared cipher", []string{"-tls1_2", "-cipher", "DHE-RSA-AES256-SHA"}, "tls.no-shared-cipher", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			cmd := exec.Command("openssl", append([]string{"s_client", "-connect", l.Addr().String()}, tt.args...)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, r, err := NewListener(false, nil).Handshake(t.Context(), conn, own.answer, "")
			if err == nil {
				t.Fatal("the handshake succeeded")
			}
			check(t, r, tt.id, tt.says, "", "")
		})
	}
}
