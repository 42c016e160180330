package peertest_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

// fault is a client or a server that is set up wrongly, and what mailtap has
// to say of it.
type fault struct {
	name  string
	route peertest.Route
	run   func(t *testing.T, e peertest.End)
	want  []string // the ids of all findings that are errors or warnings
	info  []string // observations that must be there
}

var (
	imapPlain   = peertest.Route{Proto: "imap", Listen: peertest.Cleartext, Upstream: peertest.Cleartext}
	imapTLS     = peertest.Route{Proto: "imap", Listen: peertest.Implicit, Upstream: peertest.Implicit}
	imapUpgrade = peertest.Route{Proto: "imap", Listen: peertest.StartTLS, Upstream: peertest.StartTLS}
	pop3Plain   = peertest.Route{Proto: "pop3", Listen: peertest.Cleartext, Upstream: peertest.Cleartext}
	pop3TLS     = peertest.Route{Proto: "pop3", Listen: peertest.Implicit, Upstream: peertest.Implicit}
)

// checkFaults has each fault happen through a proxy of its own, and asks the
// capture what was wrong.
func checkFaults(t *testing.T, s *peertest.Server, faults []fault) {
	t.Helper()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := peertest.StartProxy(t, s, peertest.ProxyOptions{Routes: []peertest.Route{f.route}})
			f.run(t, peertest.End{Proto: f.route.Proto, Security: f.route.Listen, Host: "localhost", Port: p.Port(t, f.route), CA: p.CA, User: s.User(t), Dir: t.TempDir()})
			p.AwaitClosed(t)
			events := p.Stop(t)
			found := diagnose(t, p.Capture)
			checkFindings(t, f, found)
			for _, e := range events {
				if e.Event == "finding" && e.Severity != "info" && found[e.ID] == "" {
					t.Errorf("the log has %s (%s), and diagnose does not", e.ID, e.Severity)
				}
			}
		})
	}
}

func checkFindings(t *testing.T, f fault, found map[string]string) {
	t.Helper()
	for _, id := range slices.Concat(f.want, f.info) {
		if found[id] == "" {
			t.Errorf("no %s among %v", id, found)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if found[id] != "info" && !slices.Contains(f.want, id) {
			t.Errorf("found %s (%s), which is not so", id, found[id])
		}
	}
}

// diagnose gives the findings in a capture and their severities.
func diagnose(t *testing.T, capture string) map[string]string {
	t.Helper()
	out, errs, err := peertest.RunStatus(t, t.TempDir(), peertest.Mailtap(t), "diagnose", "--format", "json", capture)
	found := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f struct{ ID, Severity string }
		if e := json.Unmarshal(lines.Bytes(), &f); e != nil {
			t.Fatalf("diagnose: %v in %q (%v, %s)", e, lines.Text(), err, errs)
		}
		found[f.ID] = f.Severity
	}
	return found
}

// curls runs curl on path, with more arguments; what it prints does not matter.
func curls(path string, more ...string) func(t *testing.T, e peertest.End) {
	return func(t *testing.T, e peertest.End) {
		args := []string{"--silent", "--show-error", "--max-time", "20", "--cacert", e.CA, "--user", e.User.Name + ":" + e.User.Password, scheme(e) + "://localhost:" + strconv.Itoa(e.Port) + path}
		if e.Security == peertest.StartTLS {
			args = append(args, "--ssl-reqd")
		}
		for _, a := range more {
			args = append(args, strings.NewReplacer("{user}", e.User.Name, "{port}", strconv.Itoa(e.Port)).Replace(a))
		}
		_, _, _ = peertest.RunStatus(t, e.Dir, "curl", args...)
	}
}

// pythons runs a script that has host, port, user, password and ca as variables.
func pythons(script string) func(t *testing.T, e peertest.End) {
	const head = "import sys, ssl, socket, imaplib, poplib, time\nhost, port, user, password, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]\n" +
		"tls = ssl.create_default_context(cafile=ca)\n"
	return func(t *testing.T, e peertest.End) {
		out, errs, err := peertest.RunStatus(t, e.Dir, "python3", "-c", head+script, e.Host, strconv.Itoa(e.Port), e.User.Name, e.User.Password, e.CA)
		if err != nil {
			t.Logf("python: %v\n%s%s", err, out, errs)
		}
	}
}

// TestFaults has a Dovecot that is set up well, and clients that are not.
func TestFaults(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "curl")
	peertest.Need(t, "python3")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{Users: 40})
	checkFaults(t, d.Server, []fault{
		{"nothing wrong, IMAP", imapTLS, curls("/INBOX"), nil, nil},
		{"nothing wrong, STARTTLS", imapUpgrade, curls("/INBOX"), nil, nil},
		{"nothing wrong, POP3", pop3TLS, curls("/1"), nil, nil},
		{"wrong password", imapTLS, curls("/INBOX", "--user", "{user}:wrong"), []string{"auth.bad-credentials"}, nil},
		{"wrong password, POP3", pop3TLS, curls("/1", "--user", "{user}:wrong"), []string{"auth.bad-credentials"}, nil},
		{"one typo", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
try: m.login(user, 'wrong')
except imaplib.IMAP4.error: pass
m.login(user, password)
m.logout()`), nil, []string{"auth.bad-credentials"}},
		{"unknown folder", imapTLS, curls("/Nope;UID=1"), []string{"mbox.case-or-absent"}, nil},
		{"a folder that is looked for and made", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
m.login(user, password)
print(m.append('Sent', None, None, b'A: b\r\n\r\nx\r\n'), m.create('Sent'), m.append('Sent', None, None, b'A: b\r\n\r\nx\r\n'))
m.create('LIMIT'); m.select('LIMIT'); m.append('LIMIT', None, None, b'Subject: * BYE\r\n\r\n* BYE Too many connections\r\na1 NO [AUTHENTICATIONFAILED] x\r\n')
print(m.fetch('1', '(BODY[])'))
m.logout()`), nil, nil},
		{"TLS on a plain port", imapPlain, curls("", "imaps://localhost:{port}/"), []string{"tls.port.tls-on-plain"}, nil},
		{"TLS on a plain port, POP3", pop3Plain, curls("", "pop3s://localhost:{port}/"), []string{"tls.port.tls-on-plain"}, nil},
		{"no TLS on a TLS port", imapTLS, pythons(`
s = socket.create_connection((host, port)); s.sendall(b'a1 CAPABILITY\r\n'); s.settimeout(15); print(s.recv(1000))`), []string{"tls.port.plain-on-tls"}, nil},
		{"no TLS on a TLS port, waiting", imapTLS, pythons("imaplib.IMAP4(host, port, timeout=15)"), []string{"tls.port.plain-on-tls"}, nil},
		{"a CA that is not trusted", imapTLS, curls("/INBOX", "--cacert", "/etc/ssl/certs/ca-certificates.crt"), []string{"tls.client.untrusted-ca"}, nil},
		{"the client goes in silence", imapTLS, pythons(`
s = socket.create_connection((host, port))
i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
c = ssl.create_default_context().wrap_bio(i, o, server_hostname=host)
try: c.do_handshake()
except ssl.SSLWantReadError: pass
s.sendall(o.read()); s.recv(10000); s.close()`), []string{"tls.client.silent-abort"}, nil},
		{"TLS 1.0", imapTLS, curls("/INBOX", "--tls-max", "1.0", "--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0"), []string{"tls.version-too-old"}, nil},
		{"old ciphers", imapTLS, curls("/INBOX", "--tls-max", "1.2", "--ciphers", "AES128-SHA:AES256-SHA"), []string{"tls.no-shared-cipher"}, nil},
		{"a mechanism that is not there", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
try: m.authenticate('NTLM', lambda x: b'')
except imaplib.IMAP4.error as e: print(e)
m.logout()`), []string{"auth.mech-unusable"}, nil},
		{"a password that is not quoted", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
m.send(b'x1 LOGIN ' + user.encode() + b' two "words\r\n'); print(m.readline())
m.shutdown()`), []string{"auth.quoting"}, nil},
		{"DELE without QUIT", pop3TLS, pythons(`
p = poplib.POP3_SSL(host, port, context=tls); p.user(user); p.pass_(password); p.retr(1); p.dele(1); p.close()`), []string{"pop.no-quit"}, nil},
		{"download and delete", pop3TLS, pythons(`
p = poplib.POP3_SSL(host, port, context=tls); p.user(user); p.pass_(password); p.uidl(); p.retr(1); p.dele(1); p.quit()`), nil, []string{"pop.leave-on-server"}},
		{"marked and not expunged", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
m.login(user, password); m.select(); m.store('1', '+FLAGS', '\\Deleted'); m.logout()`), nil, []string{"mbox.deleted-not-expunged"}},
		{"a name in UTF-8", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
m.login(user, password); m.send('x1 SELECT "Entwürfe"\r\n'.encode()); print(m.readline()); m.logout()`), []string{"mbox.mutf7"}, nil},
		{"SMTP where IMAP should be", imapPlain, pythons(`
s = socket.create_connection((host, port)); f = s.makefile('rwb'); f.readline(); f.write(b'EHLO me\r\n'); f.flush(); print(f.readline())`), []string{"proto.wrong-service"}, nil},
	})
}

// TestFaultyServers has servers that are set up in a way that clients cannot work with.
func TestFaultyServers(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "curl")
	peertest.Need(t, "python3")
	t.Run("TLS required", func(t *testing.T) {
		d := peertest.StartDovecot(t, peertest.DovecotOptions{RequireTLS: true, Mechanisms: "plain login"})
		d.Server.Host = "127.0.0.2" // Dovecot deems a client of its own address secure
		checkFaults(t, d.Server, []fault{
			{"IMAP", imapPlain, curls("/INBOX"), []string{"starttls.required"}, nil},
			{"IMAP, with a password", imapPlain, pythons("m = imaplib.IMAP4(host, port)\nm.send(b'x1 LOGIN ' + user.encode() + b' \"' + password.encode() + b'\"\\r\\n'); print(m.readline())"), []string{"starttls.required"}, nil},
			{"POP3", pop3Plain, pythons("p = poplib.POP3(host, port); p.user(user); p.pass_(password)"), []string{"starttls.required"}, nil},
		})
	})
	t.Run("no TLS", func(t *testing.T) {
		d := peertest.StartDovecot(t, peertest.DovecotOptions{NoTLS: true})
		checkFaults(t, d.Server, []fault{
			{"STARTTLS wanted by the client", imapPlain, curls("/INBOX", "--ssl-reqd"), []string{"starttls.not-offered"}, nil},
			{"STARTTLS wanted by the client, POP3", pop3Plain, curls("/1", "--ssl-reqd"), []string{"starttls.not-offered"}, nil},
			{"STARTTLS wanted by Python", imapPlain, pythons("imaplib.IMAP4(host, port).starttls(tls)"), []string{"starttls.not-offered"}, nil},
			{"STARTTLS wanted by the route", imapUpgrade, curls("/INBOX"), []string{"starttls.not-offered"}, nil},
			{"nobody wants it", imapPlain, curls("/INBOX"), nil, nil},
		})
	})
	t.Run("limits", func(t *testing.T) {
		d := peertest.StartDovecot(t, peertest.DovecotOptions{Connections: 1, Quota: "*:storage=12K", Extra: "pop3_lock_session = yes\nprotocol pop3 {\n mail_max_userip_connections = 10\n}\n"})
		checkFaults(t, d.Server, []fault{
			{"two sessions, one allowed", imapTLS, pythons(`
def session():
    m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); return m
first = session()
try: session()
except imaplib.IMAP4.error as e: print(e)
first.logout()`), []string{"limit.connections"}, nil},
			{"the maildrop is locked", pop3TLS, pythons(`
def session():
    p = poplib.POP3_SSL(host, port, context=tls); p.user(user); p.pass_(password); return p
first = session()
try: session()
except poplib.error_proto as e: print(e)
first.quit()`), []string{"pop.in-use"}, nil},
			{"the mailbox is full", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password)
print(m.append('INBOX', None, None, b'A: b\r\n\r\n' + b'x' * 200000)); m.logout()`), []string{"quota.full"}, nil},
		})
	})
	t.Run("methods", func(t *testing.T) {
		d := peertest.StartDovecot(t, peertest.DovecotOptions{Mechanisms: "cram-md5"})
		checkFaults(t, d.Server, []fault{
			{"the client's is not there", imapTLS, curls("/INBOX", "--login-options", "AUTH=PLAIN"), []string{"auth.mech-unusable"}, nil},
			{"the client asks nothing", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
try: m.login(user, password)
except imaplib.IMAP4.error as e: print(e)
m.logout()`), []string{"auth.mech-unusable"}, nil},
			{"the server's is there", imapTLS, curls("/INBOX"), nil, nil},
		})
	})
	t.Run("namespace", func(t *testing.T) {
		d := peertest.StartDovecot(t, peertest.DovecotOptions{Extra: "namespace inbox {\n  prefix = INBOX.\n  separator = .\n}\n"})
		checkFaults(t, d.Server, []fault{
			{"without the prefix", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); print(m.create('Sent')); m.logout()`), []string{"mbox.namespace"}, nil},
			{"with the prefix", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); print(m.namespace(), m.create('INBOX.Sent')); m.logout()`), nil, nil},
		})
	})
}

// TestFaultyCertificates has servers whose certificates are not good.
func TestFaultyCertificates(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "curl")
	for _, tt := range []struct {
		name, want string
		make       func(a *peertest.Authority) (cert, key string)
	}{
		{"expired", "tls.certificate-expired", func(a *peertest.Authority) (string, string) {
			return a.Leaf(t, "leaf", -time.Hour, "localhost", "127.0.0.1")
		}},
		{"another name", "tls.name-mismatch", func(a *peertest.Authority) (string, string) {
			return a.Leaf(t, "leaf", time.Hour, "mail.example.org")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			authority := peertest.NewAuthority(t, t.TempDir())
			cert, key := tt.make(authority)
			d := peertest.StartDovecot(t, peertest.DovecotOptions{Certificate: cert, Key: key})
			d.Server.CA = authority.File
			checkFaults(t, d.Server, []fault{
				{"implicit", imapTLS, curls("/INBOX"), []string{tt.want}, nil},
				{"upgrade", imapUpgrade, curls("/INBOX"), []string{tt.want}, nil},
			})
		})
	}
	t.Run("another authority", func(t *testing.T) {
		t.Parallel()
		d := peertest.StartDovecot(t, peertest.DovecotOptions{})
		d.Server.CA = peertest.NewAuthority(t, t.TempDir()).File
		checkFaults(t, d.Server, []fault{{"implicit", pop3TLS, curls("/1"), []string{"tls.certificate-untrusted"}, nil}})
	})
}

// TestFaultyRoutes has routes that lead to the wrong port.
func TestFaultyRoutes(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "curl")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	swapped := &peertest.Server{Name: "swapped", CA: d.CA, Ports: peertest.Ports{IMAP: d.Ports.POP3, IMAPS: d.Ports.IMAP, POP3: d.Ports.IMAP, POP3S: d.Ports.IMAPS}}
	swapped.Share(d.Server)
	checkFaults(t, swapped, []fault{
		{"POP3 where IMAP should be", imapPlain, curls("/INBOX"), []string{"proto.wrong-service"}, nil},
		{"IMAP where POP3 should be", pop3Plain, curls("/1"), []string{"proto.wrong-service"}, nil},
		{"no TLS where TLS should be", imapTLS, curls("/INBOX"), []string{"tls.upstream.plaintext"}, nil},
		{"IMAP where POP3 should be, inside TLS", pop3TLS, curls("/1"), []string{"proto.wrong-service"}, nil},
	})
}
