package peertest_test

import (
	"testing"

	"mailtap/proxy/peertest"
)

// TestFaultsCyrus has a Cyrus that is set up well but for its limits, and
// clients that are not.
func TestFaultsCyrus(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "curl")
	peertest.Need(t, "python3")
	c := peertest.StartCyrus(t, peertest.CyrusOptions{Users: 16, Extra: "altnamespace: no\nunixhierarchysep: no\nautocreate_quota: 3000\n"})
	checkFaults(t, c, []fault{
		{"nothing wrong", imapTLS, curls("/INBOX"), nil, nil},
		{"nothing wrong, POP3", pop3TLS, curls("/1"), nil, nil},
		{"wrong password", imapTLS, curls("/INBOX", "--user", "{user}:wrong"), []string{"auth.bad-credentials"}, nil},
		{"wrong password, LOGIN", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls)
try: m.login(user, 'wrong')
except imaplib.IMAP4.error as e: print(e)
m.logout()`), []string{"auth.bad-credentials"}, nil},
		{"wrong password, POP3", pop3TLS, pythons(`
p = poplib.POP3_SSL(host, port, context=tls); p.user(user)
try: p.pass_('wrong')
except poplib.error_proto as e: print(e)
p.quit()`), []string{"auth.bad-credentials"}, nil},
		{"unknown folder", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); print(m.select('INBOX.Nope')); m.logout()`), []string{"mbox.case-or-absent"}, nil},
		{"without the prefix", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); print(m.namespace(), m.create('Sent')); m.logout()`), []string{"mbox.namespace"}, nil},
		{"with the prefix", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); print(m.namespace(), m.create('INBOX.Sent')); m.logout()`), nil, nil},
		{"another user's folder", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password); print(m.namespace(), m.create('user.somebody')); m.logout()`), []string{"srv.bug-codes"}, nil},
		{"the mailbox is full", imapTLS, pythons(`
m = imaplib.IMAP4_SSL(host, port, ssl_context=tls); m.login(user, password)
print(m.append('INBOX', None, None, b'A: b\r\n\r\n' + b'x' * 4000000)); m.logout()`), []string{"quota.full"}, nil},
		{"DELE without QUIT", pop3TLS, pythons(`
p = poplib.POP3_SSL(host, port, context=tls); p.user(user); p.pass_(password); p.dele(1); p.close()`), []string{"pop.no-quit"}, nil},
		{"TLS on a plain port", imapPlain, curls("", "imaps://localhost:{port}/"), []string{"tls.port.tls-on-plain"}, nil},
		{"SMTP where POP3 should be", pop3Plain, pythons(`
s = socket.create_connection((host, port)); f = s.makefile('rwb'); f.readline(); f.write(b'EHLO me\r\n'); f.flush(); print(f.readline())`), []string{"proto.wrong-service"}, nil},
	})
}

// TestFaultyCyrus has a Cyrus that takes no password in the clear, and asks
// POP3 clients to wait between two logins.
func TestFaultyCyrus(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "curl")
	peertest.Need(t, "python3")
	c := peertest.StartCyrus(t, peertest.CyrusOptions{Users: 8, Extra: "allowplaintext: no\npopminpoll: 2\nsasl_minimum_layer: 0\n"})
	checkFaults(t, c, []fault{
		{"LOGIN in the clear", imapPlain, pythons("m = imaplib.IMAP4(host, port)\nm.send(b'x1 LOGIN ' + user.encode() + b' \"' + password.encode() + b'\"\\r\\n'); print(m.readline())"), []string{"starttls.required"}, nil},
		{"USER in the clear", pop3Plain, pythons("p = poplib.POP3(host, port); p.user(user); p.pass_(password)"), []string{"starttls.required"}, nil},
		{"after the upgrade", imapUpgrade, curls("/INBOX"), nil, nil},
		{"too soon", pop3TLS, pythons(`
def session():
    p = poplib.POP3_SSL(host, port, context=tls); p.user(user); print(p.pass_(password)); p.quit()
session()
try: session()
except poplib.error_proto as e: print(e)`), []string{"pop.login-delay"}, nil},
	})
}
