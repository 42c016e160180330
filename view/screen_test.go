package view

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// The one place that knows tcell's SimulationScreen.
func newScreen(t testing.TB, w, h int) tcell.SimulationScreen {
	t.Helper()
	s := tcell.NewSimulationScreen("UTF-8")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	s.SetSize(w, h)
	t.Cleanup(s.Fini)
	return s
}

// text is what stands on the screen, without blanks at the line ends.
func text(s tcell.SimulationScreen) string {
	w, h := s.Size()
	var b strings.Builder
	for y := range h {
		var line strings.Builder
		for x := 0; x < w; {
			str, _, width := s.Get(x, y)
			if str == "" {
				str = " "
			}
			line.WriteString(str)
			x += max(1, width)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

var began = time.Date(2026, 11, 23, 16, 39, 39, 0, time.UTC)

// at is a moment of the made-up session, in milliseconds from its beginning.
func at(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

// sample is a session made by hand: what each kind of event looks like.
func sample(id string) []wire.Item {
	c := &event.Context{Session: id, Proto: event.IMAP, ClientID: "Thunderbird 153"}
	login := *c
	in := &login
	in.User = "alice@example.org"
	selected := login
	selected.User = in.User
	box := &selected
	box.Mailbox = "INBOX"
	var items []wire.Item
	seq := int64(0)
	add := func(ctx *event.Context, e event.Event) {
		e.Context = ctx
		if e.Kind != event.KindFinding {
			seq++
			e.Seq = seq
		} else {
			e.After = seq
		}
		if e.Kind.Protocol() && e.Leg == event.LegBoth {
			items = append(items, wire.Item{Session: id, Octets: &wire.Octets{Side: sideOf(&e), Data: fit(e.Text, e.Bytes), Time: e.Time}})
		}
		items = append(items, wire.Item{Session: id, Event: &e})
	}
	add(c, event.Event{Time: at(0), Kind: event.KindSessionOpen, Route: &event.Route{Listen: "imaps://127.0.0.1:1993", Upstream: "imaps://imap.example.org:993", Client: "127.0.0.1:50512"}})
	add(c, event.Event{Time: at(18), Kind: event.KindUpstreamOpen, Route: &event.Route{Server: "192.0.2.7:993", Dial: event.Duration{D: 18 * time.Millisecond, Known: true}}})
	add(c, event.Event{Time: at(40), Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideServer, Version: "TLS 1.2", Cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", SNI: "imap.example.org",
		Peer: []event.Certificate{{Subject: "CN=imap.example.org", Names: []string{"imap.example.org"}, Issuer: "CN=Example CA", Expiry: at(0).AddDate(0, 2, 0), Verified: true}}}})
	add(c, event.Event{Time: at(42), Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideClient, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", SNI: "imap.example.org"}})
	add(c, event.Event{Time: at(45), Kind: event.KindGreeting, Dir: event.SideServer, Tag: "*", Status: "OK", Code: "CAPABILITY", Text: "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN] Dovecot ready.", Bytes: 102, State: event.StateNotAuthenticated})
	add(c, event.Event{Time: at(61), Kind: event.KindCommand, Dir: event.SideClient, Tag: "a1", Name: "LOGIN", Text: `a1 LOGIN alice@example.org "**************"`, Bytes: 46, State: event.StateNotAuthenticated, Note: "logs in as alice@example.org with a password of 14 bytes"})
	add(in, event.Event{Time: at(98), Kind: event.KindResponse, Dir: event.SideServer, Tag: "a1", Status: "OK", For: "LOGIN", Cmd: 6, Completes: true, Latency: 37 * time.Millisecond, First: 37 * time.Millisecond, Text: "a1 OK Logged in", Bytes: 17, State: event.StateAuthenticated, Note: "the server accepts the login"})
	add(in, event.Event{Time: at(120), Kind: event.KindCommand, Dir: event.SideClient, Tag: "a2", Name: "SELECT", Text: "a2 SELECT INBOX", Bytes: 17, State: event.StateAuthenticated, Note: "opens the mailbox INBOX"})
	add(box, event.Event{Time: at(160), Kind: event.KindResponse, Dir: event.SideServer, Tag: "*", Name: "EXISTS", For: "SELECT", Cmd: 8, Text: "* 172 EXISTS", Bytes: 14, State: event.StateAuthenticated, Note: "the mailbox has 172 messages"})
	add(box, event.Event{Time: at(1820), Kind: event.KindResponse, Dir: event.SideServer, Tag: "a2", Status: "OK", Code: "READ-WRITE", For: "SELECT", Cmd: 8, Completes: true, Latency: 1700 * time.Millisecond, First: 40 * time.Millisecond, Text: "a2 OK [READ-WRITE] Select completed.", Bytes: 38, State: event.StateSelected})
	add(box, event.Event{Time: at(1900), Kind: event.KindCommand, Dir: event.SideClient, Tag: "a3", Name: "COPY", Text: "a3 COPY 1 Trash", Bytes: 17, State: event.StateSelected, Note: "copies message 1 to the mailbox Trash"})
	add(box, event.Event{Time: at(1930), Kind: event.KindResponse, Dir: event.SideServer, Tag: "a3", Status: "NO", Code: "TRYCREATE", For: "COPY", Cmd: 11, Completes: true, Latency: 30 * time.Millisecond, First: 30 * time.Millisecond, Text: "a3 NO [TRYCREATE] Mailbox doesn't exist: Trash", Bytes: 48, State: event.StateSelected, Note: "the server refuses: the mailbox does not exist; it would be created on request"})
	add(box, event.Event{Time: at(1930), Kind: event.KindFinding, Finding: &event.Finding{ID: "mbox.case-or-absent", Severity: event.SeverityWarning, Title: "the client uses a mailbox that the server does not have: Trash", Advice: "Choose the server's own folder for deleted mail in the client's account settings.", Evidence: []string{id + ":12"}}})
	return items
}

func sideOf(e *event.Event) event.Side {
	if e.Dir == event.SideClient {
		return event.SideClient
	}
	return event.SideServer
}

// fit is text as so many octets of a line.
func fit(text string, n int64) []byte {
	line := []byte(text + "\r\n")
	for int64(len(line)) < n {
		line = append(line, ' ')
	}
	return line[:n]
}

func newApp(t testing.TB, w, h int, items ...[]wire.Item) (*App, tcell.SimulationScreen) {
	t.Helper()
	s := newScreen(t, w, h)
	a := New(s, Options{Title: "sample.pcapng", Now: func() time.Time { return at(4000) }})
	for _, batch := range items {
		a.Add(Batch{Items: batch})
	}
	a.finish()
	a.Draw()
	return a, s
}

// press sends keys as a user types them: names as in the table, letters as they are.
func press(a *App, names ...string) {
	for _, name := range names {
		for key, n := range tcell.KeyNames {
			if n == name {
				a.Handle(tcell.NewEventKey(key, 0, 0))
			}
		}
		if r := []rune(name); len(r) == 1 {
			a.Handle(tcell.NewEventKey(tcell.KeyRune, r[0], 0))
		}
		a.finish()
		a.Draw()
	}
}

func golden(t *testing.T, s tcell.SimulationScreen, name string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := text(s)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./view -update writes it anew):\n%s", path, got)
	}
}

// recorded are the items of a capture of real sessions: curl, mpop and scripted
// clients against Dovecot.
func recorded(t testing.TB) []wire.Item {
	t.Helper()
	time.Local = time.UTC
	r, err := captures.Open("testdata/recorded.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var items []wire.Item
	err = r.Walk(func(item wire.Item) error {
		if o := item.Octets; o != nil {
			kept := *o
			kept.Data = append([]byte(nil), o.Data...)
			item.Octets = &kept
		}
		items = append(items, item)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func TestScreens(t *testing.T) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"80x24", 80, 24}, {"120x40", 120, 40}, {"40x10", 40, 10}, {"160x40", 160, 40}} {
		for _, view := range []struct {
			name string
			keys []string
		}{
			{"sessions", nil},
			{"transcript", []string{"g", "j", "j", "Enter"}},
			{"detail", []string{"g", "j", "j", "Enter", "g", "PgDn", "Enter"}},
			{"findings", []string{"2"}},
			{"accounts", []string{"3"}},
			{"tls", []string{"4"}},
			{"help", []string{"?"}},
		} {
			t.Run(view.name+"-"+size.name, func(t *testing.T) {
				a, s := newApp(t, size.w, size.h, recorded(t))
				press(a, view.keys...)
				golden(t, s, view.name+"-"+size.name)
			})
		}
	}
}
