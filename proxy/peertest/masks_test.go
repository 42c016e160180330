package peertest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestMalformedLogins sends logins that are wrong in every way that a client
// or a person at a terminal gets them wrong. None of the passwords may stand in
// log or capture, nor half of one.
func TestMalformedLogins(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	u := d.User(t)
	const secret = "Qx7vNw2pLkZr9tBd"
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + u.Name + "\x00" + secret))
	inBase64 := base64.StdEncoding.EncodeToString([]byte(secret))
	literal := fmt.Sprintf("{%d+}\r\n%s", len(secret), secret)
	for proto, tries := range map[string][]string{
		"imap": {
			"a1 LOGIN " + u.Name + " \"" + secret,
			"a1 LOGIN " + u.Name + " \"" + secret + "\r\n",
			"a1 LOGIN " + u.Name + " " + secret + " more\r\n",
			"a1 LOGIN  " + u.Name + "  " + secret + "\r\n",
			"a1 LOGIN " + u.Name + " " + secret,
			"a1 LOGIN " + u.Name + " \"a\\b" + secret + "\"\r\n",
			"a1 LOGIN " + u.Name + "\t" + secret + "\r\n",
			"a1 LOGIN " + u.Name + " " + secret + "\n",
			"a1 LOGIN \"" + u.Name + " " + secret + "\r\n",
			"a1 login " + u.Name + " " + literal + "\r\n",
			"a1 login " + u.Name + " " + literal + " more\r\n",
			"a1 LOGIN " + fmt.Sprintf("{%d+}\r\n%s %s", len(u.Name), u.Name, secret) + "\r\n",
			"a1 LOGIN " + u.Name + " {100}\r\n" + secret + "\r\n",
			"a1 LOGN " + u.Name + " " + secret + "\r\n",
			"LOGIN " + u.Name + " " + secret + "\r\n",
			"a1 XLOGIN " + u.Name + " " + literal + "\r\n",
			"a1 AUTHENTICATE PLAIN " + plain + "\r\n",
			"a1 AUTHENTICATE PLAIN " + plain[:len(plain)-1] + "!\r\n",
			"a1 AUTHENTICATE  PLAIN  " + plain + "\r\n",
			"a1 AUTHENTICATE PLAIN\r\n" + plain + "\r\n",
			"a1 AUTHENTICATE PLAIN\r\n" + plain,
			"a1 AUTHENTICATE LOGIN\r\n" + base64.StdEncoding.EncodeToString([]byte(u.Name)) + "\r\n" + inBase64 + "\r\n",
			"a1 AUTHENTICATE X-UNKNOWN " + plain + "\r\n",
			"a1 AUTH PLAIN " + plain + "\r\n",
			"a1 STARTTLS\r\na2 LOGIN " + u.Name + " " + secret + "\r\n",
			"a1 LOGIN " + u.Name + " \"" + u.Password + "\"\r\na2 LOGIN " + u.Name + " " + secret + "\r\n",
		},
		"pop3": {
			"USER " + u.Name + "\r\nPASS " + secret + "\r\n",
			"USER " + u.Name + "\r\nPASS " + secret + " and more " + secret + "\r\n",
			"USER " + u.Name + "\r\npass  " + secret + "\r\n",
			"USER " + u.Name + "\r\n PASS " + secret + "\r\n",
			"USER " + u.Name + "\r\nPASS\t" + secret + "\r\n",
			"USER " + u.Name + "\r\nPASS " + secret,
			"USER " + u.Name + "\r\nPASS " + secret + "\n",
			"PASS " + secret + "\r\n",
			"LOGIN " + u.Name + " " + secret + "\r\n",
			"APOP " + u.Name + " " + secret + "\r\n",
			"AUTH PLAIN " + plain + "\r\n",
			"AUTH PLAIN\r\n" + plain + "\r\n",
			"AUTH PLAIN\r\n" + plain,
			"AUTH LOGIN\r\n" + base64.StdEncoding.EncodeToString([]byte(u.Name)) + "\r\n" + inBase64 + "\r\n",
			"AUTH X-UNKNOWN " + plain + "\r\n",
			"AUTH X-UNKNOWN\r\n" + plain + "\r\n",
			"AUTHENTICATE PLAIN " + plain + "\r\n",
			"a1 LOGIN " + u.Name + " " + secret + "\r\n",
			"USER " + u.Name + "\r\nPASS " + u.Password + "\r\nPASS " + secret + "\r\n",
			"STLS\r\nUSER " + u.Name + "\r\nPASS " + secret + "\r\n",
		},
	} {
		for _, text := range tries {
			for _, dribble := range []bool{false, true} {
				c := dial(t, p, cleartext(proto))
				c.line()
				if dribble {
					c.dribble(text)
				} else {
					c.send(text)
				}
				c.Conn.(interface{ CloseWrite() error }).CloseWrite()
				c.closed()
			}
		}
	}
	events := p.Stop(t)
	peertest.CheckSessions(t, events)
	for _, e := range events {
		if strings.Contains(e.Text, secret[:8]) || strings.Contains(e.Text, secret[8:]) {
			t.Errorf("half of the password stands in %s %s %s: %s", e.Proto, e.State, e.Event, e.Text)
		}
	}
	peertest.NoSecrets(t, p.Dir, secret)
}
