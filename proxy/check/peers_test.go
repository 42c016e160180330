package check

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/peertest"
	"mailtap/proxy/tlsfacts"
)

func TestMain(m *testing.M) { os.Exit(peertest.Main(m)) }

// peer asks a real server on 127.0.0.1, named by SRV records of a local name server.
func peer(t *testing.T, s *peertest.Server, ca string, o Options) *Report {
	t.Helper()
	l := newLab(t)
	l.zone(`mail.example.test. A 127.0.0.1
		_imaps._tcp.example.test. SRV 0 1 %d mail.example.test.
		_imap._tcp.example.test. SRV 10 1 %d mail.example.test.
		_pop3s._tcp.example.test. SRV 0 1 %d mail.example.test.
		_pop3._tcp.example.test. SRV 10 1 %d mail.example.test.`, s.Ports.IMAPS, s.Ports.IMAP, s.Ports.POP3S, s.Ports.POP3)
	l.publish()
	var up tlsfacts.Upstream
	if err := up.LoadRoots(ca); err != nil {
		t.Fatal(err)
	}
	target, err := ParseTarget(domain)
	if err != nil {
		t.Fatal(err)
	}
	o.DNS, o.Dial, o.Roots, o.RootCerts, o.Timeout = l.dns, l.dial, up.Roots, up.RootCerts, 5*time.Second
	r, err := Run(context.Background(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// good leaf for the name that the SRV records have.
func leafFor(t *testing.T, valid time.Duration, names ...string) (authority *peertest.Authority, cert, key string) {
	t.Helper()
	authority = peertest.NewAuthority(t, t.TempDir())
	cert, key = authority.Leaf(t, "server", valid, names...)
	return authority, cert, key
}

func TestDovecot(t *testing.T) {
	authority, cert, key := leafFor(t, 24*time.Hour, "mail.example.test")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{Certificate: cert, Key: key, RequireTLS: true,
		Extra: "plugin {\n}\nnamespace inbox {\n  mailbox Sent {\n    auto = create\n    special_use = \\Sent\n  }\n}\n"})
	u := d.User(t)
	r := peer(t, d.Server, authority.File, Options{User: u.Name, Password: u.Password, Intrusive: true})
	wantFindings(t, r)
	if len(r.Settings) != 2 {
		t.Fatalf("settings are %+v", r.Settings)
	}
	for _, s := range r.Settings {
		if s.Security != "SSL/TLS" || s.Authentication != "Normal password" || !s.Tried || s.User != u.Name {
			t.Errorf("setting is %+v", s)
		}
	}
	for _, s := range r.Servers {
		if s.Upgrade != nil && (!s.Upgrade.Offered || !s.Upgrade.Works || len(s.Intrusive) != 1 || !s.Intrusive[0].Passed) {
			t.Errorf("%s: upgrade %+v, tests %+v", s.URL, s.Upgrade, s.Intrusive)
		}
		if len(s.TLS.Ciphers) == 0 || s.TLS.Versions[0].Cipher == "" {
			t.Errorf("%s: TLS is %+v", s.URL, s.TLS)
		}
	}
	imap, pop := r.Servers[0].Login, r.Servers[2].Login
	if imap == nil || imap.IMAP == nil || imap.IMAP.Idle != "works" || len(imap.IMAP.Quota) == 0 || !imap.IMAP.Sized || imap.IMAP.Messages == 0 {
		t.Errorf("IMAP login saw %+v", imap)
	}
	if !strings.Contains(text(t, r), `Sent (\Sent)`) {
		t.Errorf("special use is missing in:\n%s", text(t, r))
	}
	if pop == nil || pop.POP3 == nil || !pop.POP3.UIDLWorks || uint64(pop.POP3.Messages) != imap.IMAP.Messages {
		t.Errorf("POP3 login saw %+v", pop)
	}
}

func TestDovecotWrong(t *testing.T) {
	tests := []struct {
		name     string
		valid    time.Duration
		names    string
		o        peertest.DovecotOptions
		password string
		want     []string
	}{
		{"wrong password", 24 * time.Hour, "mail.example.test", peertest.DovecotOptions{}, "wrong", []string{"auth.bad-credentials"}},
		{"expired", -10 * time.Minute, "mail.example.test", peertest.DovecotOptions{}, "", []string{"tls.certificate-expired"}},
		{"wrong name", 24 * time.Hour, "mx.example.test", peertest.DovecotOptions{}, "", []string{"tls.name-mismatch"}},
		{"no TLS", 24 * time.Hour, "mail.example.test", peertest.DovecotOptions{NoTLS: true}, "", []string{"net.refused", "starttls.not-offered"}},
		{"quota", 24 * time.Hour, "mail.example.test", peertest.DovecotOptions{Quota: "*:storage=1K"}, "", []string{"quota.full"}},
		{"old TLS", 24 * time.Hour, "mail.example.test", peertest.DovecotOptions{Extra: "ssl_min_protocol = TLSv1.1\nssl_cipher_list = ALL:@SECLEVEL=0\n" +
			"ssl_options = no_ticket\n"}, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			authority, cert, key := leafFor(t, tt.valid, tt.names)
			tt.o.Certificate, tt.o.Key = cert, key
			d := peertest.StartDovecot(t, tt.o)
			u := d.User(t)
			if tt.password != "" {
				u.Password = tt.password
			}
			r := peer(t, d.Server, authority.File, Options{User: u.Name, Password: u.Password})
			wantFindings(t, r, tt.want...)
			if strings.Contains(text(t, r), u.Password) {
				t.Error("the password stands in the report")
			}
		})
	}
}

func TestCyrus(t *testing.T) {
	s := peertest.StartCyrus(t, peertest.CyrusOptions{})
	u := s.User(t)
	// Its certificate is for localhost; nothing is looked up for that.
	var up tlsfacts.Upstream
	if err := up.LoadRoots(s.CA); err != nil {
		t.Fatal(err)
	}
	target, err := ParseTarget("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ports := []Port{{event.IMAP, 0, s.Ports.IMAPS}, {event.IMAP, 2, s.Ports.IMAP}, {event.POP3, 0, s.Ports.POP3S}, {event.POP3, 2, s.Ports.POP3}}
	r, err := Run(context.Background(), target, Options{Ports: ports, Roots: up.Roots, User: u.Name, Password: u.Password, Intrusive: true})
	if err != nil {
		t.Fatal(err)
	}
	wantFindings(t, r)
	for _, set := range r.Settings {
		if !set.Tried {
			t.Errorf("setting is %+v", set)
		}
	}
	t.Run("wrong password", func(t *testing.T) {
		r, err := Run(context.Background(), target, Options{Ports: ports, Roots: up.Roots, User: u.Name, Password: "wrong"})
		if err != nil {
			t.Fatal(err)
		}
		wantFindings(t, r, "auth.bad-credentials")
	})
	t.Run("another name by SRV", func(t *testing.T) {
		r := peer(t, s, s.CA, Options{User: u.Name, Password: u.Password})
		wantFindings(t, r, "tls.name-mismatch")
		for _, set := range r.Settings {
			if set.Tried || !strings.Contains(set.Caveat, "clients will warn") {
				t.Errorf("setting is %+v", set)
			}
		}
	})
	t.Run("nobody vouches for it", func(t *testing.T) {
		r, err := Run(context.Background(), target, Options{Ports: ports, Roots: x509.NewCertPool(), User: u.Name, Password: u.Password})
		if err != nil {
			t.Fatal(err)
		}
		wantFindings(t, r, "tls.certificate-untrusted")
	})
}

// The command itself, against a Dovecot: status, report, and the file for clients.
func TestCommand(t *testing.T) {
	d := peertest.StartDovecot(t, peertest.DovecotOptions{RequireTLS: true})
	u := d.User(t)
	dir := t.TempDir()
	secret := peertest.WriteFile(t, dir, "secret", u.Password+"\n")
	args := []string{"check", "--upstream-ca", d.CA, "--user", u.Name, "--password-file", secret, "--ca-dir", dir + "/ca", "--record", dir + "/check.pcapng",
		"--port", fmt.Sprintf("imaps=%d", d.Ports.IMAPS), "--port", fmt.Sprintf("imap=%d", d.Ports.IMAP), "--port", fmt.Sprintf("pop3s=%d", d.Ports.POP3S), "--port", fmt.Sprintf("pop3=%d", d.Ports.POP3),
		"--to", "mobileconfig", "--via", "imaps://127.0.0.1:1993=imaps://" + net.JoinHostPort("127.0.0.1", fmt.Sprint(d.Ports.IMAPS)), "--out", dir + "/mail.mobileconfig", "127.0.0.1"}
	out := peertest.Run(t, dir, peertest.Mailtap(t), args...)
	for _, want := range []string{"IMAP at 127.0.0.1", "(login works)", "nothing is wrong"} {
		if !strings.Contains(flat(out), want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	profile, err := os.ReadFile(dir + "/mail.mobileconfig")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<integer>1993</integer>", "com.apple.security.root", "EmailTypeIMAP"} {
		if !strings.Contains(string(profile), want) {
			t.Errorf("%q is not in the profile:\n%s", want, profile)
		}
	}
	shown := peertest.Run(t, dir, peertest.Mailtap(t), "show", dir+"/check.pcapng")
	if !strings.Contains(shown, "EXAMINE INBOX") || !strings.Contains(shown, "UIDL") {
		t.Errorf("the recording shows:\n%s", shown)
	}
	peertest.Run(t, dir, peertest.Mailtap(t), "diagnose", dir+"/check.pcapng")
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	peertest.NoSecrets(t, dir, u.Password)
}
