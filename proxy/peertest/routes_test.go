package peertest_test

import (
	"fmt"
	"slices"
	"testing"

	"mailtap/proxy/peertest"
)

// TestNinePairs runs Python's clients over each pair of listen and upstream
// security, of both protocols. Where a listener begins in the clear but must
// be upgraded the client upgrades; everywhere the client gets what it would
// have got from the server directly.
func TestNinePairs(t *testing.T) {
	t.Parallel()
	peertest.Need(t, "python3")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{Routes: peertest.Pairs()})
	want := map[string][]peertest.Mailbox{}
	for _, r := range peertest.Pairs() {
		for _, security := range clientSecurities(r) {
			t.Run(fmt.Sprintf("%s/%s to %s/client %s", r.Proto, r.Listen, r.Upstream, security), func(t *testing.T) {
				user := d.User(t)
				got := python(t, peertest.End{
					Proto: r.Proto, Security: security, Host: "localhost", Port: p.Port(t, r),
					CA: p.CA, User: user, Dir: t.TempDir(),
				})
				if sent := peertest.Sent(r.Proto); !slices.Equal(got, sent) {
					t.Errorf("fetched %q, want %q", got, sent)
				}
				state := d.State(t, user)
				if want[r.Proto] == nil {
					want[r.Proto] = state
				}
				if diff := peertest.Differ(want[r.Proto], state); diff != "" {
					t.Errorf("this pair left another mailbox than the first: %s", diff)
				}
			})
		}
	}
}

// clientSecurities are the ways in which a client may use a route's listener.
func clientSecurities(r peertest.Route) []peertest.Security {
	if r.Listen == peertest.Cleartext {
		return []peertest.Security{peertest.Cleartext, peertest.StartTLS}
	}
	return []peertest.Security{r.Listen}
}

// TestRequiredUpgrade has Python's clients try to log in in the clear where the
// route requires an upgrade: they are told no, and the server hears nothing of it.
func TestRequiredUpgrade(t *testing.T) {
	t.Parallel()
	peertest.Need(t, "python3")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	var routes []peertest.Route
	for _, r := range peertest.Pairs() {
		if r.Listen == peertest.StartTLS {
			routes = append(routes, r)
		}
	}
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{Routes: routes})
	for _, r := range routes {
		t.Run(fmt.Sprintf("%s to %s", r.Proto, r.Upstream), func(t *testing.T) {
			user := d.User(t)
			script := loginInTheClear[r.Proto]
			out := peertest.Run(t, t.TempDir(), "python3", "-c", script, fmt.Sprint(p.Port(t, r)), user.Name, user.Password)
			t.Logf("%s", out)
		})
	}
	for _, e := range p.Stop(t) {
		if e.User != "" {
			t.Errorf("session %s became the user %s's", e.Session, e.User)
		}
	}
}

// loginInTheClear fails where a login is let through, or refused in another
// way than the contract's, or where the capabilities invite to one.
var loginInTheClear = map[string]string{
	"imap": `
import imaplib, sys
m = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]), timeout=30)
assert "LOGINDISABLED" in m.capabilities, m.capabilities
assert not [c for c in m.capabilities if c.startswith("AUTH=")], m.capabilities
for attempt in (lambda: m.login(*sys.argv[2:]),
                lambda: m.authenticate("PLAIN", lambda _: ("\0%s\0%s" % tuple(sys.argv[2:])).encode())):
    try:
        attempt()
    except imaplib.IMAP4.error as e:
        assert "[PRIVACYREQUIRED]" in str(e), e
        print(e)
    else:
        raise SystemExit("logged in")
m.logout()
`,
	"pop3": `
import poplib, sys
p = poplib.POP3("127.0.0.1", int(sys.argv[1]), timeout=30)
capa = p.capa()
assert "USER" not in capa and "SASL" not in capa and "STLS" in capa, capa
for attempt in (lambda: p.user(sys.argv[2]), lambda: p.apop(*sys.argv[2:]), lambda: p._shortcmd("AUTH PLAIN")):
    try:
        attempt()
    except poplib.error_proto as e:
        assert "[AUTH]" in str(e) or "APOP not supported" in str(e), e
        print(e)
    else:
        raise SystemExit("logged in")
p.quit()
`,
}
