package peertest_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// did is what `mailtap summary --format json` says of a session.
type did struct {
	POP3 *struct {
		Downloaded, Looked, Deleted int
		Octets                      int `json:"downloaded_octets"`
		Quit                        bool
	}
	IMAP *struct {
		Headers, Parts, Bodies, Expunged, Moved int
		Flags                                   []struct {
			Flag string
			Set  int
		}
	}
}

type account struct {
	User     string
	Sessions []struct {
		Protocol string
		Did      did
	}
}

// TestSummary has several programs use one account over both protocols, one
// after the other and at once. What mailtap says that each session did is what
// Dovecot's own log says of it, in order.
func TestSummary(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "python3", "curl", "mbsync", "fetchmail", "mpop")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	user := d.User(t)
	end := func(proto string) peertest.End {
		return peertest.End{Proto: proto, Security: peertest.Implicit, Host: "localhost", CA: p.CA, User: user, Dir: t.TempDir(),
			Port: p.Port(t, peertest.Route{Proto: proto, Listen: peertest.Implicit, Upstream: peertest.Implicit})}
	}
	curl(t, end("imap"))
	curl(t, end("pop3"))
	mbsync(t, end("imap"))
	imap, pop := end("imap"), end("pop3")
	script, err := filepath.Abs("testdata/devices.py")
	if err != nil {
		t.Fatal(err)
	}
	peertest.Run(t, imap.Dir, "python3", script, imap.Host, strconv.Itoa(imap.Port), strconv.Itoa(pop.Port), imap.CA, user.Name, user.Password)
	mpop(t, end("pop3"))
	p.Stop(t)

	acc := summaryOf(t, p.Capture, user.Name)
	log := d.Log()
	for _, proto := range []string{"imap", "pop3"} {
		want := logouts(log, proto, user.Name)
		var got []string
		for _, s := range acc.Sessions {
			if s.Protocol == proto {
				got = append(got, s.Did.logout())
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s sessions did\n%s\nand dovecot's log has\n%s", proto, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	text := strings.Join(strings.Fields(peertest.Run(t, p.Dir, peertest.Mailtap(t), "summary", p.Capture)), " ")
	for _, want := range []string{
		"device Laptop 1 at 127.0.0.1, by IMAP, 1 session",
		"fetched 10 whole messages for offline use, all there are",
		"moved 2 messages to Archive, stored 1 message in INBOX, deleted 2 messages for every device and made the mailbox Archive",
		"marked 1 message for deletion, but left without QUIT: nothing was deleted",
		"waited for news",
		"What POP3 took away is gone for IMAP too",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for _, want := range []string{"put into INBOX shows up in", "took out of INBOX vanish from", "marked as flagged in INBOX", "took out 3 messages"} {
		if !strings.Contains(text, want) {
			t.Errorf("no sign that what one session %q", want)
		}
	}
}

func summaryOf(t *testing.T, capture, user string) account {
	t.Helper()
	out := peertest.Run(t, filepath.Dir(capture), peertest.Mailtap(t), "summary", "--format", "json", capture)
	for line := range strings.Lines(out) {
		var a account
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if a.User == user {
			return a
		}
	}
	t.Fatalf("no account of %s in %s", user, out)
	return account{}
}

// logout words a session as Dovecot's log does when it ends.
func (d did) logout() string {
	if p := d.POP3; p != nil {
		del := 0
		if p.Quit {
			del = p.Deleted
		}
		return fmt.Sprintf("top=%d retr=%d del=%d", p.Looked, p.Downloaded, del)
	}
	deleted := 0
	for _, f := range d.IMAP.Flags {
		if strings.EqualFold(f.Flag, `\Deleted`) {
			deleted = f.Set
		}
	}
	return fmt.Sprintf("deleted=%d expunged=%d headers=%d bodies=%d", deleted, d.IMAP.Expunged, d.IMAP.Headers, d.IMAP.Parts+d.IMAP.Bodies)
}

var (
	imapLogout = regexp.MustCompile(`deleted=(\d+) expunged=(\d+) trashed=\d+ hdr_count=(\d+) .* body_count=(\d+)`)
	popLogout  = regexp.MustCompile(`top=(\d+)/\d+, retr=(\d+)/\d+, del=(\d+)/`)
)

// logouts are the lines of Dovecot's log that say what sessions did, in the
// order of their logins.
func logouts(log, proto, user string) []string {
	order := map[string]int{}
	var list []string
	for line := range strings.Lines(log) {
		id := line[strings.LastIndexByte(line, '<')+1:]
		if strings.Contains(line, proto+"-login: Info: Login: user=<"+user+">") {
			order[strings.TrimRight(id, ">\n")] = len(list)
			list = append(list, "")
			continue
		}
		if _, rest, ok := strings.Cut(line, proto+"("+user+")<"); ok {
			_, id, _ = strings.Cut(rest, "<")
			id, _, _ = strings.Cut(id, ">")
			if m := imapLogout.FindStringSubmatch(line); m != nil {
				list[order[id]] = fmt.Sprintf("deleted=%s expunged=%s headers=%s bodies=%s", m[1], m[2], m[3], m[4])
			} else if m := popLogout.FindStringSubmatch(line); m != nil {
				list[order[id]] = fmt.Sprintf("top=%s retr=%s del=%s", m[1], m[2], m[3])
			}
		}
	}
	return list
}
