package tlsfacts

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shakeWith has the upstream's handshake run against a server.
func shakeWith(t *testing.T, u *Upstream, server func(net.Conn)) (*tls.Conn, *Report, error) {
	t.Helper()
	client, far := pair(t)
	go server(far)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return u.Handshake(ctx, client, nil)
}

// serving is a server with a certificate; it stays until the client goes.
func serving(config *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			s.Read(make([]byte, 1))
		}
		c.Close()
	}
}

func with(certs ...tls.Certificate) *tls.Config { return &tls.Config{Certificates: certs} }

// TestServerCertificates has what is wrong with a server's certificate told apart.
func TestServerCertificates(t *testing.T) {
	root, stranger := newAuthority(t, "Example Root"), newAuthority(t, "Stranger Root")
	link := root.below(t, "Example Intermediate")
	old := issue(t, root, "Example Issuing 2019", func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.NotBefore, c.NotAfter = true, x509.KeyUsageCertSign, time.Now().Add(-3*time.Hour), time.Now().Add(-2*time.Hour)
	})
	past := func(c *x509.Certificate) {
		c.DNSNames, c.NotBefore, c.NotAfter = []string{"mail.example.org"}, time.Now().Add(-30*time.Minute), time.Now().Add(-time.Minute)
	}
	antivirus := issue(t, nil, "Avast Web/Mail Shield Root", func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.Subject.Organization = true, x509.KeyUsageCertSign, []string{"Avast Web/Mail Shield"}
	})
	proton := func(c *x509.Certificate) {
		named("127.0.0.1")(c)
		c.Subject.Organization = []string{"Proton AG"}
	}
	const name = "mail.example.org"
	tests := []struct {
		name   string
		host   string
		chain  tls.Certificate
		id     string
		says   string
		advice string
		also   []string
	}{
		{"good", name, root.leaf(t, name).tls(), "", "", "", nil},
		{"good with an intermediate", name, link.leaf(t, name).tls(link), "", "", "", nil},
		{"good address", "127.0.0.1", root.leaf(t, "127.0.0.1").tls(), "", "", "", nil},
		{"expired", name, issue(t, root, name, past).tls(), "tls.certificate-expired", "expired on 20", "renew", nil},
		{"expired before its authority was made", name, issue(t, root, name, func(c *x509.Certificate) {
			c.DNSNames, c.NotBefore, c.NotAfter = []string{name}, time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0)
		}).tls(), "tls.certificate-expired", "expired on 20", "renew", nil},
		{"expired before it was valid", name, issue(t, root, name, func(c *x509.Certificate) {
			c.DNSNames, c.NotBefore, c.NotAfter = []string{name}, time.Now(), time.Now().AddDate(0, 0, -1)
		}).tls(), "tls.certificate-expired", "expired on 20", "renew", nil},
		{"not yet valid", name, issue(t, root, name, func(c *x509.Certificate) {
			c.DNSNames, c.NotBefore = []string{name}, time.Now().Add(30*time.Minute)
		}).tls(), "tls.certificate-expired", "valid only from", "clock", nil},
		{"wrong name", "other.example.org", root.leaf(t, "*.example.net", name).tls(), "tls.name-mismatch", `is for *.example.net, mail.example.org, not for "other.example.org"`, "?name=mail.example.org", nil},
		{"wrong address", "127.0.0.1", root.leaf(t, name).tls(), "tls.name-mismatch", `not for "127.0.0.1"`, "?name=mail.example.org", nil},
		{"no names", name, issue(t, root, name, nil).tls(), "tls.name-mismatch", "no names that clients look at", "subject alternative names", nil},
		{"expired and wrong name", "other.example.org", issue(t, root, name, past).tls(), "tls.certificate-expired", "also, the server's certificate is for", "renew", []string{"tls.name-mismatch"}},
		{"untrusted", name, stranger.leaf(t, name).tls(), "tls.certificate-untrusted", `issued by "CN=Stranger Root"`, "--upstream-ca", nil},
		{"untrusted with its root", name, stranger.leaf(t, name).tls(stranger), "tls.certificate-untrusted", "CN=Stranger Root", "--upstream-ca", nil},
		{"untrusted and expired", name, issue(t, stranger, name, past).tls(), "tls.certificate-untrusted", "expired", "--upstream-ca", []string{"tls.certificate-expired"}},
		{"self-signed", name, issue(t, nil, name, named(name)).tls(), "tls.certificate-untrusted", "self-signed", "--upstream-ca", nil},
		{"bridge", "127.0.0.1", issue(t, nil, "127.0.0.1", proton).tls(), "tls.local-bridge-selfsigned", "Proton Bridge", "export the bridge's certificate", []string{"tls.certificate-untrusted"}},
		{"bridge by another name", "localhost", issue(t, nil, "127.0.0.1", proton).tls(), "tls.local-bridge-selfsigned", "Proton Bridge", "export the bridge's certificate", []string{"tls.name-mismatch", "tls.certificate-untrusted"}},
		{"self-signed, on this machine", "127.0.0.1", issue(t, nil, "127.0.0.1", named("127.0.0.1")).tls(), "tls.certificate-untrusted", "self-signed", "--upstream-ca", []string{"tls.local-bridge-selfsigned"}},
		{"missing intermediate", name, link.leaf(t, name).tls(), "tls.chain-incomplete", `lacks the certificate of "CN=Example Intermediate"`, "fullchain.pem", nil},
		{"missing intermediate, AIA", name, issue(t, stranger, name, func(c *x509.Certificate) {
			c.DNSNames, c.IssuingCertificateURL = []string{name}, []string{"http://ca.example/r.crt"}
		}).tls(), "tls.chain-incomplete", "one certificate, and lacks", "fullchain.pem", nil},
		{"expired intermediate", name, old.leaf(t, name).tls(old), "tls.chain-incomplete", `"CN=Example Issuing 2019" that the server sends expired`, "fullchain.pem", nil},
		{"antivirus", name, antivirus.leaf(t, name).tls(antivirus), "tls.middlebox", "Avast", "switch its scanning", nil},
		{"no SNI", name, issue(t, stranger, "invalid2.invalid", func(c *x509.Certificate) {
			c.Subject.OrganizationalUnit, c.DNSNames = []string{"No SNI provided; please fix your client."}, []string{"invalid2.invalid"}
		}).tls(), "tls.sni-missing", "clients that send no server name", "?name=SERVERNAME", nil},
		{"a client's certificate", name, issue(t, root, name, func(c *x509.Certificate) {
			c.DNSNames, c.ExtKeyUsage = []string{name}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}).tls(), "tls.certificate-untrusted", "none for a server", "usages", nil},
		{"hostile subject", name, issue(t, stranger, "x", func(c *x509.Certificate) {
			c.Subject, c.DNSNames = pkix.Name{CommonName: "\x1b[2J\r\n"}, []string{name}
		}).tls(), "tls.certificate-untrusted", "Stranger", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := &Upstream{Name: tt.host, Roots: root.pool(), RootCerts: []*x509.Certificate{root.cert}}
			_, r, err := shakeWith(t, u, serving(with(tt.chain)))
			if (err == nil) != (tt.id == "") {
				t.Fatalf("Handshake = %v", err)
			}
			checkPeer(t, r, tt.id == "", len(tt.chain.Certificate))
			if tt.id == "" {
				return
			}
			check(t, r, tt.id, tt.says, tt.advice, "")
			if !slices.Equal(r.Failure.Also, tt.also) {
				t.Errorf("also %q, want %q", r.Failure.Also, tt.also)
			}
			u.Insecure = true
			_, r, err = shakeWith(t, u, serving(with(tt.chain)))
			if err != nil || r.Ignored == nil || r.Ignored.ID != tt.id || r.Failure != nil {
				t.Errorf("insecure: %v, ignored %+v", err, r.Ignored)
			}
			checkPeer(t, r, false, len(tt.chain.Certificate))
		})
	}
}

// checkPeer holds the event's chain against what the server sent.
func checkPeer(t *testing.T, r *Report, verified bool, n int) {
	t.Helper()
	if len(r.TLS.Peer) != n || r.Leaf == nil || r.TLS.Version != "TLS 1.3" {
		t.Fatalf("event %+v, want a chain of %d", r.TLS, n)
	}
	p := r.TLS.Peer[0]
	if p.Verified != verified || (p.Reason == "") != verified || p.Subject == "" || p.Issuer == "" || p.Expiry.IsZero() {
		t.Errorf("certificate %+v, want verified %v", p, verified)
	}
	if strings.ContainsAny(p.Subject+p.Issuer+p.Reason, "\x1b\r\n") {
		t.Errorf("unescaped: %+v", p)
	}
}

// TestServerFailures has handshakes fail that never come to a certificate, or fail behind it.
func TestServerFailures(t *testing.T) {
	root := newAuthority(t, "root")
	own, rsaOwn := root.leaf(t, "mail.example.org"), issueKey(t, root, "mail.example.org", newRSAKey(t), named("mail.example.org"))
	clients := newAuthority(t, "clients")
	stranger := newAuthority(t, "strangers").leaf(t, "me").tls()
	says := func(text string) func(net.Conn) {
		return func(c net.Conn) { c.Write([]byte(text)); c.Read(make([]byte, 1)); c.Close() }
	}
	wantsCert := func(most uint16) func(net.Conn) {
		return serving(&tls.Config{Certificates: []tls.Certificate{own.tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients.pool(), MaxVersion: most})
	}
	tests := []struct {
		name   string
		cert   *tls.Certificate
		legacy bool
		server func(net.Conn)
		id     string
		says   string
		advice string
		also   string
	}{
		{"IMAP in the clear", nil, false, says("* OK ready\r\n"), "tls.upstream.plaintext", `"* OK "`, "imap+starttls://", ""},
		{"POP3 in the clear", nil, false, says("+OK ready\r\n"), "tls.upstream.plaintext", `"+OK r"`, "pop3+starttls://", ""},
		{"SMTP", nil, false, says("220 mail ESMTP\r\n"), "tls.upstream.plaintext", `"220 m"`, "SMTP", "proto.wrong-service"},
		{"HTTP", nil, false, says("HTTP/1.1 400 Bad Request\r\n"), "tls.upstream.plaintext", `"HTTP/"`, "check host and port", "proto.wrong-service"},
		{"old version", nil, false, serving(&tls.Config{Certificates: []tls.Certificate{own.tls()}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), "tls.version-too-old",
			"protocol_version (70); mailtap offers TLS 1.2, TLS 1.3", "--tls-legacy", ""},
		{"no shared cipher", nil, false, serving(&tls.Config{Certificates: []tls.Certificate{rsaOwn.tls()}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}),
			"tls.no-shared-cipher", "handshake_failure (40); mailtap offers", "--tls-legacy", "tls.version-too-old"},
		{"client certificate, TLS 1.2", nil, false, wantsCert(tls.VersionTLS12), "tls.client-cert-required", "asks for a client certificate, and mailtap gave none", "--upstream-cert", ""},
		{"wrong client certificate, TLS 1.2", &stranger, false, wantsCert(tls.VersionTLS12), "tls.client-cert-required", "does not take the client certificate", "who issued", ""},
		{"the end", nil, false, func(c net.Conn) { c.Read(make([]byte, 1)); c.Close() }, "net.reset", "gave no reason", "server's log", "tls.middlebox"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, r, err := shakeWith(t, &Upstream{Name: "mail.example.org", Roots: root.pool(), Cert: tt.cert, Legacy: tt.legacy}, tt.server)
			if err == nil {
				t.Fatal("the handshake succeeded")
			}
			check(t, r, tt.id, tt.says, tt.advice, tt.also)
			if r.TLS.SNI != "mail.example.org" {
				t.Errorf("SNI %q", r.TLS.SNI)
			}
		})
	}
}

func TestServerInTheClearBehindUpgrade(t *testing.T) {
	_, r, err := shakeWith(t, &Upstream{Name: "mail.example.org", Upgrade: true}, func(c net.Conn) {
		c.Write([]byte("+OK begin\r\n"))
		c.Read(make([]byte, 1))
		c.Close()
	})
	if err == nil {
		t.Fatal("the handshake succeeded")
	}
	check(t, r, "tls.upstream.plaintext", `agreed to the upgrade and went on in the clear, with "+OK b"`, "log", "")
}

func TestServerThatNeverAnswers(t *testing.T) {
	client, _ := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, r, err := (&Upstream{Name: "mail.example.org"}).Handshake(ctx, client, nil)
	if err == nil {
		t.Fatal("the handshake succeeded")
	}
	check(t, r, "net.timeout", "in time", "993", "tls.middlebox")
}

// TestClientCertificateRefusedLate: in TLS 1.3 a server's no comes with the first read.
func TestClientCertificateRefusedLate(t *testing.T) {
	root := newAuthority(t, "root")
	own := root.leaf(t, "mail.example.org")
	u := &Upstream{Name: "mail.example.org", Roots: root.pool()}
	conn, _, err := shakeWith(t, u, serving(&tls.Config{Certificates: []tls.Certificate{own.tls()}, ClientAuth: tls.RequireAnyClientCert}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Read(make([]byte, 1))
	f := u.Late(err)
	if f == nil || f.ID != "tls.client-cert-required" || !strings.Contains(f.Text, "certificate_required (116)") {
		t.Errorf("Late(%v) = %+v", err, f)
	}
	if f := u.Late(context.Canceled); f != nil {
		t.Errorf("Late of another error = %+v", f)
	}
}

func TestClientCertificateIsGiven(t *testing.T) {
	root, clients := newAuthority(t, "root"), newAuthority(t, "clients")
	mine := clients.leaf(t, "me").tls()
	seen := make(chan string, 1)
	u := &Upstream{Name: "mail.example.org", Roots: root.pool(), Cert: &mine}
	_, _, err := shakeWith(t, u, func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{root.leaf(t, "mail.example.org").tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients.pool()})
		if err := s.Handshake(); err != nil {
			seen <- err.Error()
			return
		}
		seen <- s.ConnectionState().PeerCertificates[0].Subject.CommonName
	})
	if got := <-seen; err != nil || got != "me" {
		t.Errorf("the server saw %q, %v", got, err)
	}
}

func TestLegacyServers(t *testing.T) {
	root := newAuthority(t, "root")
	own := issueKey(t, root, "mail.example.org", newRSAKey(t), named("mail.example.org"))
	for _, suite := range []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_RC4_128_SHA} {
		server := serving(&tls.Config{Certificates: []tls.Certificate{own.tls()}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{suite}})
		_, r, err := shakeWith(t, &Upstream{Name: "mail.example.org", Roots: root.pool(), Legacy: true}, server)
		if err != nil || r.TLS.Version != "TLS 1.0" || r.TLS.Cipher != tls.CipherSuiteName(suite) {
			t.Errorf("%s: %+v, %v", tls.CipherSuiteName(suite), r.TLS, err)
		}
	}
}

func TestServerResumes(t *testing.T) {
	root := newAuthority(t, "root")
	config := with(root.leaf(t, "mail.example.org").tls())
	u := &Upstream{Name: "mail.example.org", Roots: root.pool(), Sessions: tls.NewLRUClientSessionCache(4)}
	for _, resumed := range []bool{false, true} {
		conn, r, err := shakeWith(t, u, func(c net.Conn) {
			s := tls.Server(c, config)
			s.Handshake()
			s.Write([]byte("x"))
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.TLS.Resumed != resumed || len(r.TLS.Peer) != 1 || !r.TLS.Peer[0].Verified {
			t.Errorf("%+v, want resumed %v and a verified peer", r.TLS, resumed)
		}
		conn.Read(make([]byte, 1)) // takes the ticket too
	}
}

func TestALPNPassesThrough(t *testing.T) {
	root := newAuthority(t, "root")
	config := with(root.leaf(t, "mail.example.org").tls())
	config.NextProtos = []string{"imap"}
	client, server := pair(t)
	go serving(config)(server)
	_, r, err := (&Upstream{Name: "mail.example.org", Roots: root.pool()}).Handshake(t.Context(), client, []string{"imap"})
	if err != nil || r.TLS.ALPN != "imap" {
		t.Errorf("%+v, %v", r.TLS, err)
	}
}

func TestLoadRoots(t *testing.T) {
	root, dir := newAuthority(t, "root"), t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw})
	for _, path := range []string{write("pem", append([]byte("# a comment\n"), text...)), write("der", root.cert.Raw), write("two", append(bytes.Clone(text), text...))} {
		u := &Upstream{Name: "x.example"}
		if err := u.LoadRoots(path); err != nil {
			t.Error(err)
			continue
		}
		if _, _, err := shakeWith(t, u, serving(with(root.leaf(t, "x.example").tls()))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, says := range map[string]string{
		filepath.Join(dir, "missing"): "no such file",
		write("empty", nil):           "neither PEM nor",
		write("key", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")): "no certificate in it",
	} {
		if err := (&Upstream{}).LoadRoots(path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("LoadRoots(%s) = %v, want %q", path, err, says)
		}
	}
}

// TestASelfSignedServerCanBeNamed: the certificate itself as --upstream-ca.
func TestASelfSignedServerCanBeNamed(t *testing.T) {
	own := issue(t, nil, "127.0.0.1", named("127.0.0.1"))
	_, r, err := shakeWith(t, &Upstream{Name: "127.0.0.1", Roots: own.pool()}, serving(with(own.tls())))
	if err != nil || !r.TLS.Peer[0].Verified || r.TLS.SNI != "" {
		t.Errorf("%+v, %v", r.TLS, err)
	}
}
