package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// told hands events on to a report.
type told struct{ w *Writer }

func (t told) Octets(*wire.Octets)  {}
func (t told) Event(e *event.Event) { t.w.Event(e) }

var began = time.Date(2026, 11, 23, 16, 39, 39, 0, time.UTC)

// play runs one session: lines begin with "C: " or "S: ".
func play(w *Writer, id string, proto event.Proto, lines ...string) {
	s := parse.New(proto, wire.Options{ID: id, Sink: told{w}})
	defer s.Close()
	now := began
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: now, Route: &event.Route{Client: "192.0.2.1:40000", Listen: "imap://127.0.0.1:1143", Upstream: "imaps://mail.example.org:993"}})
	s.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: now, Route: &event.Route{Server: "198.51.100.7:993"}})
	for _, side := range []event.Side{event.SideServer, event.SideClient} {
		s.Emit(&event.Event{Kind: event.KindTLS, Time: now, TLS: &event.TLS{Side: side, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", SNI: "mail.example.org",
			Peer: []event.Certificate{{Subject: "CN=mail.example.org", Issuer: "CN=Test", Expiry: began.AddDate(1, 0, 0), Verified: true}}}})
	}
	for _, line := range lines {
		now = now.Add(time.Millisecond)
		side := event.SideClient
		if strings.HasPrefix(line, "S: ") {
			side = event.SideServer
		}
		s.Feed(side, []byte(line[3:]+"\r\n"), now, nil)
	}
	info := s.Info()
	s.EOF(event.SideClient, now)
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, Close: &event.Close{BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, Duration: now.Sub(began), By: event.SideClient}})
}

// write is a report about what fn plays.
func write(t *testing.T, o Options, fn func(w *Writer)) string {
	t.Helper()
	var out bytes.Buffer
	o.Folder = t.TempDir()
	o.Location = time.UTC
	w, err := New(&out, o)
	if err != nil {
		t.Fatal(err)
	}
	fn(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// refused is a session that goes wrong, and then goes on for n messages.
func refused(w *Writer, id string, n int) {
	lines := []string{"S: * OK [CAPABILITY IMAP4rev1] ready", "C: a1 LOGIN alice secret", "S: a1 NO [AUTHENTICATIONFAILED] no",
		"C: a2 LOGIN alice secret2", "S: a2 OK in", "C: a3 SELECT INBOX", fmt.Sprintf("S: * %d EXISTS", n), "S: a3 OK [READ-WRITE] done",
		"C: a4 FETCH 1:* FLAGS"}
	for i := range n {
		lines = append(lines, fmt.Sprintf("S: * %d FETCH (FLAGS (\\Seen))", i+1))
	}
	play(w, id, event.IMAP, append(lines, "S: a4 OK done", "C: a5 LOGOUT", "S: * BYE", "S: a5 OK bye")...)
}

// Each link leads to something that is there, and no two things share a name.
func TestLinks(t *testing.T) {
	page := write(t, Options{Title: "today.pcapng"}, func(w *Writer) {
		refused(w, "AAAAAAAAAA", 40)
		refused(w, "BBBBBBBBBB", 2)
	})
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two things are called %q", m[1])
		}
		ids[m[1]] = true
	}
	links := regexp.MustCompile(` href="([^"]*)"`).FindAllStringSubmatch(page, -1)
	for _, m := range links {
		if name, ok := strings.CutPrefix(m[1], "#"); !ok || !ids[name] {
			t.Errorf("a link to %q leads nowhere", m[1])
		}
	}
	if len(links) < 20 || !ids["s-AAAAAAAAAA-6"] {
		t.Errorf("%d links; %v", len(links), ids)
	}
}

// A part of the answers took at most what is said, which is never more than the
// slowest took.
func TestQuantile(t *testing.T) {
	var n answer
	for us := 1000; us <= 2000; us += 10 {
		n.Count++
		n.max = time.Duration(us) * time.Microsecond
		n.steps[step(n.max)]++
	}
	if q := n.quantile(0.5); q < 1500*time.Microsecond || q > 1700*time.Microsecond {
		t.Errorf("half of them took %v at most, want 1.5 ms or a little more", q)
	}
	if q := n.quantile(1); q != n.max {
		t.Errorf("all took %v at most, want %v", q, n.max)
	}
}

// A very long line does not fill the page, neither where it stands nor as what
// a finding rests on.
func TestLongLine(t *testing.T) {
	page := write(t, Options{}, func(w *Writer) {
		play(w, "AAAAAAAAAA", event.IMAP, "S: * OK [CAPABILITY IMAP4rev1] ready", "C: a1 LOGIN alice secret", "S: a1 NO [AUTHENTICATIONFAILED] "+strings.Repeat("no ", 5000))
	})
	if !strings.Contains(page, " bytes more</summary>") {
		t.Error("a long line is not cut")
	}
	visible := regexp.MustCompile(`(?s)<details class="more">.*?</details>`).ReplaceAllString(page, "")
	if n := strings.Count(visible, "no no "); n > 1000 {
		t.Errorf("%d times \"no no\" where nothing was opened", n)
	}
	if strings.Count(page, "no no ") <= strings.Count(visible, "no no ") {
		t.Error("the rest of it is not there")
	}
}

// A row of lines of one kind is folded, with its number; a short one is not.
func TestFold(t *testing.T) {
	page := write(t, Options{}, func(w *Writer) { refused(w, "AAAAAAAAAA", 40) })
	if !strings.Contains(page, "<summary>36 more lines: FETCH</summary>") {
		t.Error("36 of 40 FETCH responses are not folded")
	}
	page = write(t, Options{}, func(w *Writer) { refused(w, "AAAAAAAAAA", 6) })
	if strings.Contains(page, "more lines") || strings.Count(page, "* 6 FETCH") != 1 {
		t.Error("6 FETCH responses are folded")
	}
}

// Lines beyond what is held come out of the temporary file in their order.
func TestSpool(t *testing.T) {
	page := write(t, Options{}, func(w *Writer) {
		refused(w, "AAAAAAAAAA", 3000)
		refused(w, "BBBBBBBBBB", 3000)
	})
	at := 0
	for _, session := range []string{"A", "B"} {
		for i := range 3000 {
			line := fmt.Sprintf(`id="s-%s-%d"`, strings.Repeat(session, 10), 14+i)
			next := strings.Index(page[at:], line)
			if next < 0 {
				t.Fatalf("%s does not stand behind %q", line, page[at:min(at+60, len(page))])
			}
			at += next
		}
	}
}

// A filter leaves what it does not let through out of every part.
func TestFilter(t *testing.T) {
	page := write(t, Options{Accept: func(e *event.Event) bool { return e.User == "bob" }}, func(w *Writer) {
		refused(w, "AAAAAAAAAA", 3)
		play(w, "BBBBBBBBBB", event.POP3, "S: +OK", "C: USER bob", "S: +OK", "C: PASS x", "S: +OK", "C: STAT", "S: +OK 0 0")
	})
	if !strings.Contains(page, `id="s-BBBBBBBBBB"`) || !strings.Contains(page, "OK 0 0") {
		t.Error("bob's session is missing")
	}
	for _, gone := range []string{`"s-AAAAAAAAAA"`, "auth.bad-credentials", ">a1 LOGIN"} {
		if strings.Contains(page, gone) {
			t.Errorf("%q is there", gone)
		}
	}
}

const hostile = `"><img src="http://127.0.0.1:1/x" onerror="document.title='owned'"><script>document.title='owned'</script></style></script><!--` + "\x1b]0;x\x07\u202e"

// hostilePlay has markup in every place that a peer can fill.
func hostilePlay(w *Writer) {
	refused(w, "AAAAAAAAAA", 3)
	c := &event.Context{Session: hostile, Proto: event.IMAP, User: hostile, Mailbox: hostile, ClientID: hostile}
	for i, e := range []*event.Event{
		{Kind: event.KindSessionOpen, Route: &event.Route{Client: hostile, Listen: hostile, Upstream: hostile}},
		{Kind: event.KindUpstreamOpen, Route: &event.Route{Server: hostile, Failure: hostile}},
		{Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideClient, Version: hostile, SNI: hostile, Cipher: hostile, ALPN: hostile}},
		{Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideServer, Failure: hostile, Advice: hostile}},
		{Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideServer, Peer: []event.Certificate{{Subject: hostile, Issuer: hostile, Reason: hostile}}}},
		{Kind: event.KindCommand, Dir: event.SideClient, Name: hostile, Text: hostile, Note: hostile, RFC: hostile, Error: hostile},
		{Kind: event.KindResponse, Dir: event.SideServer, Tag: "*", Name: hostile, For: hostile, Completes: true, Text: hostile, Altered: true, Other: hostile},
		{Kind: event.KindMark, Text: hostile},
		{Kind: event.KindFinding, Finding: &event.Finding{ID: hostile, Severity: event.SeverityError, Title: hostile, Advice: hostile, Evidence: []string{hostile, hostile + ":3"}, Also: []string{hostile}}},
		{Kind: event.KindSessionClose, Close: &event.Close{Reason: hostile, Summary: hostile}},
	} {
		e.Context, e.Time, e.Seq = c, began, int64(i+1)
		w.Event(e)
	}
}

// Whatever a peer calls itself stays text.
func TestHostile(t *testing.T) {
	page := write(t, Options{Title: hostile, Version: "1.0"}, hostilePlay)
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d scripts, want ours alone", n)
	}
	for _, tag := range []string{"<img", "onerror=\"", "\x1b", "\x07", "\u202e", " style="} {
		if strings.Contains(page, tag) {
			t.Errorf("%q is in the page", tag)
		}
	}
	if !strings.Contains(page, "&lt;img src=") {
		t.Error("the hostile text is not shown at all")
	}
}

func TestWriteError(t *testing.T) {
	w, err := New(failing{}, Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	refused(w, "AAAAAAAAAA", 3)
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("Close = %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }
