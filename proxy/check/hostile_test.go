package check

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/mailserver"
)

// issue makes a certificate for mail.example.test, or an authority, signed by
// another one, or by itself where parent is nil.
func issue(t *testing.T, name string, authority bool, parent *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"mail.example.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * days), IsCA: authority, BasicConstraintsValid: true,
		IssuingCertificateURL: []string{"http://ca.example.test/issuer.cer"},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	by, with := c, any(key)
	if parent != nil {
		by, with = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Servers whose TLS is not as it should be.
func TestWrongTLS(t *testing.T) {
	tests := []struct {
		name   string
		scheme string
		make   func(l *lab) int
		want   []string
	}{
		{"self-signed", "imaps", func(l *lab) int {
			return l.imap(mailserver.Implicit, &tls.Config{Certificates: []tls.Certificate{*issue(l.t, "mail", false, nil)}})
		}, []string{"tls.certificate-untrusted"}},
		{"incomplete chain", "imaps", func(l *lab) int {
			root := issue(l.t, "root", true, nil)
			l.roots.AddCert(root.Leaf)
			between := issue(l.t, "between", true, root)
			return l.imap(mailserver.Implicit, &tls.Config{Certificates: []tls.Certificate{*issue(l.t, "mail", false, between)}})
		}, []string{"tls.chain-incomplete"}},
		{"unknown authority", "pop3s", func(l *lab) int {
			root := issue(l.t, "root", true, nil)
			leaf := issue(l.t, "mail", false, root)
			leaf.Certificate = append(leaf.Certificate, root.Certificate...)
			return l.pop3(mailserver.Implicit, &tls.Config{Certificates: []tls.Certificate{*leaf}})
		}, []string{"tls.certificate-untrusted"}},
		{"old TLS only", "imaps", func(l *lab) int {
			config := l.cert(90*days, "mail.example.test")
			config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			return l.imap(mailserver.Implicit, config)
		}, []string{"tls.version-too-old"}},
		{"a client certificate is wanted", "imaps", func(l *lab) int {
			config := l.cert(90*days, "mail.example.test")
			config.ClientAuth = tls.RequireAnyClientCert
			return l.imap(mailserver.Implicit, config)
		}, []string{"tls.client-cert-required"}},
		{"STARTTLS is refused", "imap+starttls", func(l *lab) int {
			return l.script(imapScript("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi", map[string]string{"STARTTLS": "NO not now"}))
		}, []string{"starttls.failed"}},
		{"STARTTLS, and then no TLS", "imap+starttls", func(l *lab) int {
			return l.script(startTLS("* still in the clear\r\n* and on\r\n"))
		}, []string{"starttls.failed"}},
		{"STARTTLS, and then the end", "imap+starttls", func(l *lab) int {
			return l.script(startTLS(""))
		}, []string{"starttls.failed"}},
		{"HTTP", "imap", func(l *lab) int {
			return l.script(func(conn net.Conn, _ *bufio.Scanner) { fmt.Fprint(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") })
		}, []string{"proto.wrong-service"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			r := l.ask(host(l, tt.make(l), tt.scheme), Options{User: address, Password: password, Timeout: 10 * time.Second})
			wantFindings(t, r, tt.want...)
			if got := text(t, r); strings.Contains(got, "login works") {
				t.Errorf("there was a login:\n%s", got)
			}
		})
	}
}

// startTLS is a server that agrees to STARTTLS, and goes on with anything else.
func startTLS(then string) func(net.Conn, *bufio.Scanner) {
	return func(conn net.Conn, lines *bufio.Scanner) {
		fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n")
		if lines.Scan() {
			tag, _, _ := strings.Cut(lines.Text(), " ")
			fmt.Fprintf(conn, "%s OK begin\r\n", tag)
			conn.Read(make([]byte, 1)) // the ClientHello
			fmt.Fprint(conn, then)
		}
	}
}

// What POP3 servers say of their policies, and get wrong.
func TestMaildrops(t *testing.T) {
	tests := []struct {
		name, capa, uidl, pass string
		want                   []string
		says                   string
	}{
		{"mail is kept for a week, logins are rare", "EXPIRE 7 USER\r\nLOGIN-DELAY 900\r\nUIDL", "1 a\r\n2 b", "", nil, "POP3 mail 7 days after it was fetched (EXPIRE 7 USER)"},
		{"nothing may stay", "EXPIRE 0\r\nUIDL", "1 a\r\n2 b", "", nil, "the server does not let mail be left there"},
		{"unique-ids that are not", "UIDL", "1 a\r\n2 a", "", []string{"pop.uidl-missing"}, `gives the unique-id "a" to more than one message`},
		{"too few unique-ids", "UIDL", "1 a", "", nil, "gives 1 unique-ids for 2 messages"},
		{"another session is open", "UIDL\r\nRESP-CODES", "", "-ERR [IN-USE] locked", []string{"pop.in-use"}, "[IN-USE] locked"},
		{"too early", "UIDL\r\nRESP-CODES", "", "-ERR [LOGIN-DELAY] wait", []string{"pop.login-delay"}, "[LOGIN-DELAY] wait"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			pop := l.tls(func(conn net.Conn, lines *bufio.Scanner) {
				fmt.Fprint(conn, "+OK hi\r\n")
				for lines.Scan() {
					switch command, _, _ := strings.Cut(lines.Text(), " "); {
					case command == "CAPA":
						fmt.Fprintf(conn, "+OK\r\nUSER\r\n%s\r\n.\r\n", tt.capa)
					case command == "PASS" && tt.pass != "":
						fmt.Fprintf(conn, "%s\r\n", tt.pass)
					case command == "STAT":
						fmt.Fprint(conn, "+OK 2 200\r\n")
					case command == "UIDL":
						fmt.Fprintf(conn, "+OK\r\n%s\r\n.\r\n", tt.uidl)
					default:
						fmt.Fprint(conn, "+OK\r\n")
					}
				}
			})
			imap := l.imap(mailserver.Implicit, l.cert(90*days, "mail.example.test"))
			l.zone(`mail.example.test. A 127.0.0.1
				_imaps._tcp.example.test. SRV 0 1 %d mail.example.test.
				_pop3s._tcp.example.test. SRV 0 1 %d mail.example.test.`, imap, pop)
			r := l.ask(domain, Options{User: address, Password: password, Timeout: 10 * time.Second})
			wantFindings(t, r, tt.want...)
			if got := flat(text(t, r)); !strings.Contains(got, tt.says) {
				t.Errorf("%q is not in:\n%s", tt.says, text(t, r))
			}
		})
	}
}

// What a hostile server says moves no cursor and rings no bell, in text and in JSON.
func TestEscapes(t *testing.T) {
	const evil = "\x1b]0;owned\x07\x1b[2J\u009b31m"
	l := newLab(t)
	port := l.tls(imapScript("* OK [CAPABILITY IMAP4rev1 QUOTA ID IDLE X"+evil+"] "+evil, map[string]string{
		"LOGIN": "OK " + evil, "LIST": "* LIST () \"/\" \"" + evil + "\"", "ID": "* ID (\"name\" \"" + evil + "\")",
		"GETQUOTAROOT": "* QUOTA \"" + evil + "\" (STORAGE 95 100)", "IDLE": "NO " + evil, "EXAMINE": "OK " + evil}))
	r := l.ask(host(l, port, "imaps"), Options{User: address, Password: password, Timeout: 10 * time.Second})
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{text(t, r), string(data)} {
		if strings.ContainsFunc(got, func(r rune) bool { return r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 }) || strings.Contains(got, `\u001b`) {
			t.Errorf("a control is in %q", got)
		}
	}
	if !strings.Contains(text(t, r), "owned") {
		t.Errorf("nothing of it was heard:\n%s", text(t, r))
	}
}

// The fields of the JSON form, which scripts rely on.
func TestJSON(t *testing.T) {
	l := newLab(t)
	imaps, pop3s := good(l)
	l.zone(`_imaps._tcp.example.test. SRV 0 1 %d mail.example.test.
		_pop3s._tcp.example.test. SRV 0 1 %d mail.example.test.`, imaps, pop3s)
	r := l.ask(address, Options{User: address, Password: password, Timeout: 10 * time.Second})
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), password) {
		t.Error("the password is in it")
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	walk("", tree, paths)
	golden(t, "fields.txt", strings.Join(slices.Sorted(maps.Keys(paths)), "\n")+"\n", nil)
}

// walk collects the path of each value, and its type.
func walk(path string, v any, paths map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			walk(strings.TrimPrefix(path+"."+key, "."), value, paths)
		}
	case []any:
		for _, value := range v {
			walk(path+"[]", value, paths)
		}
	default:
		paths[fmt.Sprintf("%s %T", path, v)] = true
	}
}

// A server that greets and then says nothing is told as that, and is no login.
func TestSilentBehindGreeting(t *testing.T) {
	l := newLab(t)
	port := l.script(func(conn net.Conn, lines *bufio.Scanner) {
		fmt.Fprint(conn, "* OK hi\r\n")
		for lines.Scan() {
		}
	})
	r := l.ask(host(l, port, "imap"), Options{Timeout: 300 * time.Millisecond})
	if f := theFinding(t, r, "net.timeout"); f.severity != event.SeverityError || !strings.Contains(f.Title, "the server greets, and does not answer") || len(r.Settings) > 0 {
		t.Errorf("finding %+v, settings %+v", f, r.Settings)
	}
}
