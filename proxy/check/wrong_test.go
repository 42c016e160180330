package check

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/mailserver"
)

// theFinding is the first of an id in a report; the test fails where there is none.
func theFinding(t *testing.T, r *Report, id string) Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("there is no finding %s in:\n%s", id, text(t, r))
	return Finding{}
}

// Each wrong set-up gives its finding and no other, and no password leaves
// where it must not.
func TestWrongSetUps(t *testing.T) {
	tests := []struct {
		name string
		make func(l *lab) (target string)
		user bool
		want []string
	}{
		{"expired certificate", func(l *lab) string {
			return host(l, l.imap(mailserver.Implicit, l.cert(-10*time.Minute, "mail.example.test")), "imaps")
		}, true, []string{"tls.certificate-expired"}},
		{"wrong name", func(l *lab) string {
			return host(l, l.imap(mailserver.Implicit, l.cert(90*days, "other.example.test")), "imaps")
		}, true, []string{"tls.name-mismatch"}},
		{"about to expire", func(l *lab) string {
			return host(l, l.imap(mailserver.Implicit, l.cert(5*time.Minute, "mail.example.test")), "imaps")
		}, true, []string{"check.certificate-expires"}},
		{"no STARTTLS where it is required", func(l *lab) string {
			return host(l, l.imap(mailserver.Clear, nil), "imap+starttls")
		}, true, []string{"starttls.not-offered"}},
		{"no STLS where it is required", func(l *lab) string {
			return host(l, l.pop3(mailserver.Clear, nil), "pop3+starttls")
		}, true, []string{"starttls.not-offered"}},
		{"plain on a TLS port", func(l *lab) string {
			return host(l, l.imap(mailserver.Clear, nil), "imaps")
		}, false, []string{"tls.upstream.plaintext"}},
		{"TLS on a plain port", func(l *lab) string {
			return host(l, l.imap(mailserver.Implicit, l.cert(90*days, "mail.example.test")), "imap")
		}, false, []string{"tls.port.plain-on-tls"}},
		{"POP3 on the IMAP port", func(l *lab) string {
			return host(l, l.pop3(mailserver.Clear, nil), "imap")
		}, false, []string{"proto.wrong-service"}},
		{"POP3 with TLS on the IMAP port", func(l *lab) string {
			return host(l, l.pop3(mailserver.Implicit, l.cert(90*days, "mail.example.test")), "imaps")
		}, false, []string{"proto.wrong-service"}},
		{"SMTP on the IMAP port", func(l *lab) string {
			return host(l, l.script(func(conn net.Conn, _ *bufio.Scanner) { fmt.Fprint(conn, "220 mx ESMTP\r\n") }), "imap")
		}, false, []string{"proto.wrong-service"}},
		{"SMTP where TLS is expected", func(l *lab) string {
			return host(l, l.script(func(conn net.Conn, lines *bufio.Scanner) {
				fmt.Fprint(conn, "220 mx ESMTP\r\n")
				lines.Scan()
			}), "imaps")
		}, false, []string{"proto.wrong-service"}},
		{"nobody listens", func(l *lab) string { return host(l, l.closed(), "imaps") }, false, []string{"net.refused"}},
		{"no such name", func(l *lab) string { return "imaps://gone.example.test" }, false, []string{"net.name"}},
		{"closes at once", func(l *lab) string {
			return host(l, l.script(func(net.Conn, *bufio.Scanner) {}), "imap")
		}, false, []string{"net.reset"}},
		{"BYE as greeting", func(l *lab) string {
			return host(l, l.script(func(conn net.Conn, _ *bufio.Scanner) { fmt.Fprint(conn, "* BYE too busy\r\n") }), "imap")
		}, false, []string{"srv.bye"}},
		{"PREAUTH", func(l *lab) string {
			return host(l, l.script(imapScript("* PREAUTH welcome", map[string]string{"CAPABILITY": "* CAPABILITY IMAP4rev1"})), "imap")
		}, true, []string{"starttls.preauth"}},
		{"no way to log in", func(l *lab) string {
			return host(l, l.tls(imapScript("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi", nil)), "imaps")
		}, true, []string{"check.no-login"}},
		{"wrong password", func(l *lab) string {
			l.mailboxes = mailserver.NewMailboxes()
			return host(l, l.imap(mailserver.Implicit, l.cert(90*days, "mail.example.test")), "imaps")
		}, true, []string{"auth.bad-credentials"}},
		{"back end is down", func(l *lab) string {
			return host(l, l.tls(imapScript("* OK [CAPABILITY IMAP4rev1] hi", map[string]string{"LOGIN": "NO [UNAVAILABLE] later"})), "imaps")
		}, true, []string{"auth.tempfail"}},
		{"IDLE is refused", func(l *lab) string {
			return host(l, l.tls(imapScript("* OK [CAPABILITY IMAP4rev1 IDLE] hi", map[string]string{"LOGIN": "OK in", "EXAMINE": "OK open", "IDLE": "NO not today"})), "imaps")
		}, true, []string{"check.idle"}},
		{"quota is full", func(l *lab) string {
			return host(l, l.tls(imapScript("* OK [CAPABILITY IMAP4rev1 QUOTA] hi", map[string]string{"LOGIN": "OK in", "GETQUOTAROOT": "* QUOTAROOT INBOX u\r\n* QUOTA u (STORAGE 100 100)"})), "imaps")
		}, true, []string{"quota.full"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			o := Options{Timeout: time.Second}
			if tt.user {
				o.User, o.Password = address, password
			}
			wantFindings(t, l.ask(tt.make(l), o), tt.want...)
		})
	}
}

// host gives a port a name, and is the URL of it.
func host(l *lab, port int, scheme string) string {
	l.zone("mail.example.test. A 127.0.0.1")
	return fmt.Sprintf("%s://mail.example.test:%d", scheme, port)
}

// imapScript is a server that greets, and answers commands as it is told:
// untagged lines and OK, or a status. What it is not told is OK.
func imapScript(greeting string, answers map[string]string) func(net.Conn, *bufio.Scanner) {
	return func(conn net.Conn, lines *bufio.Scanner) {
		fmt.Fprintf(conn, "%s\r\n", greeting)
		for lines.Scan() {
			tag, rest, _ := strings.Cut(lines.Text(), " ")
			name, _, _ := strings.Cut(rest, " ")
			answer, known := answers[name]
			switch {
			case !known:
				fmt.Fprintf(conn, "%s OK done\r\n", tag)
			case strings.HasPrefix(answer, "*"):
				fmt.Fprintf(conn, "%s\r\n%s OK done\r\n", answer, tag)
			default:
				fmt.Fprintf(conn, "%s %s\r\n", tag, answer)
			}
		}
	}
}

// A password goes over unverified TLS only where both flags say so.
func TestPasswordNeedsTwoFlags(t *testing.T) {
	tests := []struct {
		insecure, anyway bool
		want             bool
	}{{false, false, false}, {true, false, false}, {false, true, false}, {true, true, true}}
	for _, tt := range tests {
		l := newLab(t)
		said := make(chan string, 100)
		port := l.script(func(conn net.Conn, lines *bufio.Scanner) {
			fmt.Fprint(conn, "+OK hi\r\n")
			for lines.Scan() {
				said <- lines.Text()
				fmt.Fprint(conn, "+OK\r\n")
				if lines.Text() == "CAPA" {
					fmt.Fprint(conn, "USER\r\n.\r\n")
				}
			}
		})
		l.ask(host(l, port, "pop3"), Options{User: address, Password: password, Insecure: tt.insecure, SendAnyway: tt.anyway, Timeout: time.Second})
		close(said)
		sent := false
		for line := range said {
			sent = sent || strings.Contains(line, password)
		}
		if sent != tt.want {
			t.Errorf("insecure %v, anyway %v: password sent is %v, want %v", tt.insecure, tt.anyway, sent, tt.want)
		}
	}
}

// Octets behind the answer to STARTTLS, in the clear, are told, and count for nothing.
func TestEarlyAnswer(t *testing.T) {
	l := newLab(t)
	config := l.cert(90*days, "mail.example.test")
	port := l.script(upgrading(config, "* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n", false))
	r := l.ask(host(l, port, "imap+starttls"), Options{})
	wantFindings(t, r, "starttls.injection")
	if got := text(t, r); strings.Contains(got, "logins by     EVIL") {
		t.Errorf("a capability from outside TLS is believed:\n%s", got)
	}
}

// The injection test finds a server that keeps what it read before TLS, and
// does not find one that throws it away; it is made with --intrusive only.
func TestInjection(t *testing.T) {
	for _, tt := range []struct {
		keeps, intrusive bool
		want             []string
	}{{true, true, []string{"starttls.injection"}}, {false, true, nil}, {true, false, nil}} {
		l := newLab(t)
		port := l.script(upgrading(l.cert(90*days, "mail.example.test"), "", tt.keeps))
		r := l.ask(host(l, port, "imap+starttls"), Options{Intrusive: tt.intrusive})
		wantFindings(t, r, tt.want...)
		if got := len(r.Servers[0].Intrusive); (got > 0) != tt.intrusive {
			t.Errorf("%d intrusive tests were made, intrusive is %v", got, tt.intrusive)
		}
	}
}

// The same for STLS.
func TestInjectionPOP3(t *testing.T) {
	for keeps, want := range map[bool][]string{true: {"starttls.injection"}, false: nil} {
		l := newLab(t)
		port := l.script(upgradingPOP3(l.cert(90*days, "mail.example.test"), keeps))
		r := l.ask(host(l, port, "pop3+starttls"), Options{Intrusive: true, Timeout: 10 * time.Second})
		wantFindings(t, r, want...)
		if tests := r.Servers[0].Intrusive; len(tests) != 1 || tests[0].Passed == keeps {
			t.Errorf("a server that keeps what came in the clear (%v) gives %+v", keeps, tests)
		}
	}
}

// A server that wants the password encrypted is in order: mailtap does not log
// in, and the client is told how.
func TestChallengesOnly(t *testing.T) {
	l := newLab(t)
	port := l.tls(imapScript("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256] hi", nil))
	r := l.ask(host(l, port, "imaps"), Options{User: address, Password: password, Timeout: 10 * time.Second})
	wantFindings(t, r)
	if got := flat(text(t, r)); r.Settings[0].Authentication != authEncrypted || !strings.Contains(got, "wants the password encrypted") {
		t.Errorf("the report is\n%s", got)
	}
}

// A host that has an IPv6 address alone is as good as another.
func TestIPv6Only(t *testing.T) {
	six, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("there is no IPv6 on this machine: %v", err)
	}
	l := newLab(t)
	s := l.mailboxes.IMAP(six, mailserver.Options{Mode: mailserver.Implicit, TLS: l.cert(90*days, "mail.example.test")})
	defer s.Close()
	l.zone("mail.example.test. AAAA ::1\n_imaps._tcp.example.test. SRV 0 1 %d mail.example.test.", portOf(six.Addr()))
	r := l.ask(domain, Options{User: address, Password: password, Timeout: 10 * time.Second})
	wantFindings(t, r)
	if len(r.Settings) != 1 || !r.Settings[0].Tried || r.Servers[0].Reach[0].Family != "IPv6" {
		t.Errorf("settings are %+v, reached by %+v", r.Settings, r.Servers[0].Reach)
	}
}

// A loopback server that takes a password in the clear is told of by the way.
func TestCleartextLogin(t *testing.T) {
	l := newLab(t)
	r := l.ask(host(l, l.imap(mailserver.Offered, l.cert(90*days, "mail.example.test")), "imap"), Options{})
	wantFindings(t, r)
	if f := theFinding(t, r, "check.cleartext-login"); f.severity != event.SeverityInfo {
		t.Errorf("it is %s on loopback, want info", f.Severity)
	}
}

// A server that has SASL LOGIN alone is logged in to; what was sent is masked in
// what is recorded.
func TestSASLLogin(t *testing.T) {
	l := newLab(t)
	var said []string
	var mu sync.Mutex
	port := l.tls(func(conn net.Conn, lines *bufio.Scanner) {
		fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 AUTH=LOGIN LOGINDISABLED] hi\r\n")
		for lines.Scan() {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			for range strings.Count(command, "AUTHENTICATE LOGIN") * 2 {
				fmt.Fprint(conn, "+ \r\n")
				lines.Scan()
				mu.Lock()
				said = append(said, lines.Text())
				mu.Unlock()
			}
			fmt.Fprintf(conn, "%s OK done\r\n", tag)
		}
	})
	var recorded strings.Builder
	r := l.ask(host(l, port, "imaps"), Options{User: address, Password: password, Record: func(batch []wire.Item) error {
		for _, item := range batch {
			if item.Octets != nil {
				recorded.Write(item.Octets.Data)
			}
		}
		return nil
	}})
	wantFindings(t, r)
	encoded := base64.StdEncoding.EncodeToString([]byte(password))
	mu.Lock()
	defer mu.Unlock()
	if len(said) != 2 || said[1] != encoded || !r.Settings[0].Tried {
		t.Errorf("the server got %q, settings are %+v", said, r.Settings)
	}
	if strings.Contains(recorded.String(), encoded) || !strings.Contains(recorded.String(), "AUTHENTICATE LOGIN") {
		t.Errorf("recorded is %q", recorded.String())
	}
}

// A name whose IPv6 address is dead is told of; the server works all the same.
func TestDeadIPv6(t *testing.T) {
	six, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("there is no IPv6 on this machine: %v", err)
	}
	six.Close()
	l := newLab(t)
	l.zone("mail.example.test. AAAA ::1")
	r := l.ask(host(l, l.imap(mailserver.Implicit, l.cert(90*days, "mail.example.test")), "imaps"), Options{})
	wantFindings(t, r, "check.address-family")
	if len(r.Settings) != 1 {
		t.Errorf("settings are %+v", r.Settings)
	}
}

// A server that never ends its line, or its answer, does not hold a check up or
// fill its memory.
func TestEndless(t *testing.T) {
	for name, piece := range map[string]string{"a line": strings.Repeat("x", 1<<16), "an answer": strings.Repeat("* LIST () NIL x\r\n", 1<<12)} {
		l := newLab(t)
		port := l.script(func(conn net.Conn, _ *bufio.Scanner) {
			fmt.Fprint(conn, "* OK hi\r\n")
			for {
				if _, err := fmt.Fprint(conn, piece); err != nil {
					return
				}
			}
		})
		if r := l.ask(host(l, port, "imap"), Options{Timeout: time.Minute}); !slices.Equal(ids(r, event.SeverityError), []string{"net.reset"}) {
			t.Errorf("%s without an end gives %+v", name, r.Servers[0])
		}
	}
}
