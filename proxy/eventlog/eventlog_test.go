package eventlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

var at = time.Date(2026, 11, 23, 16, 39, 44, 123456789, time.UTC)

// samples has every kind of event, with every field that kind can have.
func samples() []*event.Event {
	c := &event.Context{Session: "abcdefk7qa", Proto: event.IMAP, User: "alice", Mailbox: "INBOX", ClientID: "mutt 2"}
	route := func() *event.Route {
		return &event.Route{Listen: "imaps://127.0.0.1:1993", Upstream: "imaps://mail.example.org", Client: "127.0.0.1:5", Server: "192.0.2.1:993",
			Dial: event.Duration{D: 3 * time.Millisecond, Known: true}, Failure: "refused", Settings: "server 127.0.0.1, port 1993, SSL/TLS"}
	}
	return []*event.Event{
		{Time: at, Kind: event.KindListening, Route: route()},
		{Time: at, Kind: event.KindSessionOpen, Context: c, Seq: 1, Route: &event.Route{Listen: "a", Upstream: "b", Client: "c"}},
		{Time: at, Kind: event.KindUpstreamOpen, Context: c, Seq: 2, Route: route()},
		{Time: at, Kind: event.KindTLS, Context: c, Seq: 3, TLS: &event.TLS{Side: event.SideClient, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", SNI: "x", ALPN: "imap", Hello: "0a1b2c3d", Resumed: true,
			Peer: []event.Certificate{{Subject: "CN=x", Names: []string{"x"}, Issuer: "CN=ca", Expiry: at, Reason: "expired"}}}},
		{Time: at, Kind: event.KindTLS, Context: c, Seq: 4, TLS: &event.TLS{Side: event.SideServer, Failure: "no", Advice: "do"}},
		{Time: at, Kind: event.KindGreeting, Context: c, Seq: 5, Dir: event.SideServer, Tag: "*", Status: "OK", Text: "* OK <hello> & welcome", Note: "greets", Bytes: 12, State: event.StateNotAuthenticated},
		{Time: at, Kind: event.KindCommand, Context: c, Seq: 6, Dir: event.SideClient, Tag: "a1", Name: "LOGIN", Text: `a1 LOGIN alice "***"`, Bytes: 22, Data: map[string]any{"user": "alice", "shape": "3 bytes"}, Note: "logs in", RFC: "RFC 9051 §6.2.3", Error: "expected SP"},
		{Time: at, Kind: event.KindResponse, Context: c, Seq: 7, Dir: event.SideServer, Tag: "a1", Status: "NO", Code: "AUTHENTICATIONFAILED", For: "LOGIN", Cmd: 6, Completes: true, Latency: time.Second, First: 0,
			Text: "a1 NO [AUTHENTICATIONFAILED] no", Note: "refuses", Bytes: 30, Altered: true, Other: "a1 NO", OtherBytes: 7},
		{Time: at, Kind: event.KindOctets, Context: c, Seq: 8, Dir: event.SideProxy, To: event.SideServer, Leg: event.LegServer, Text: `\x00`, Dropped: true},
		{Time: at, Kind: event.KindFinding, Context: c, After: 8, Finding: &event.Finding{ID: "auth.bad-credentials", Severity: event.SeverityError, Title: "The password is wrong", Advice: "Type it again.", Evidence: []string{"abcdefk7qa:7"}, Also: []string{"auth.tempfail"}, Count: 2, Recorded: true}},
		{Time: at, Kind: event.KindSessionClose, Context: c, Seq: 9, Close: &event.Close{BytesC: 1, BytesS: 2, WireC: 3, WireS: 4, Commands: 5, Duration: time.Minute, By: event.SideClient, Reason: "r", Summary: "s"}},
		{Time: at, Kind: event.KindMark, Context: c, After: 7, Text: "look here"},
		{Time: at, Kind: event.KindLog, Message: "a certificate was made"},
	}
}

// The log and event.JSON are two encoders of one form: they may not differ.
func TestJSONEqualsEventJSON(t *testing.T) {
	for _, e := range samples() {
		var out bytes.Buffer
		if err := New(&out, Options{Format: JSON}).Event(e); err != nil {
			t.Fatal(err)
		}
		worded := *e
		worded.Level, worded.Message = event.ParseLevel(explain.Level(e)), explain.Message(e)
		worded.Note, worded.RFC = explain.Note(e), explain.RFC(e)
		want, err := json.Marshal(&worded)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := decoded(t, out.Bytes()), decoded(t, want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the log has %v,\nevent.JSON has %v", e.Kind, got, want)
		}
		if got, want := names(t, out.Bytes()), names(t, want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the log's fields are in the order %v,\nevent.JSON's in %v", e.Kind, got, want)
		}
	}
}

// Every field of event.JSON occurs in the samples, so that the test above sees it.
func TestSamplesHaveEveryField(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range samples() {
		var out bytes.Buffer
		if err := New(&out, Options{Format: JSON}).Event(e); err != nil {
			t.Fatal(err)
		}
		for _, name := range names(t, out.Bytes()) {
			seen[name] = true
		}
	}
	form := reflect.TypeFor[event.JSON]()
	for i := range form.NumField() {
		name, _, _ := strings.Cut(form.Field(i).Tag.Get("json"), ",")
		if !seen[name] {
			t.Errorf("no sample has the field %q", name)
		}
	}
}

func decoded(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("decoding %s: %v", data, err)
	}
	return m
}

// names are the names of an object's own fields, in order.
func names(t *testing.T, data []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name.(string))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestPretty(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, Options{Format: Pretty, Width: 100, Location: time.UTC})
	for _, e := range samples() {
		if err := log.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.TrimPrefix(`
16:39:44.123      == listening on imaps://127.0.0.1:1993 for imaps://mail.example.org
                       in the mail client: server 127.0.0.1, port 1993, SSL/TLS
16:39:44.123 k7qa ++ c -> b (session abcdefk7qa)
16:39:44.123 k7qa -- the server cannot be reached: refused
16:39:44.123 k7qa -- TLS 1.3 with the client, TLS_AES_128_GCM_SHA256, resumed
16:39:44.123 k7qa -- the TLS handshake with the server failed: no
16:39:44.123 k7qa S: * OK <hello> & welcome                        greets
16:39:44.123 k7qa C: a1 LOGIN alice "***"                          logs in
                       not as the syntax wants it: expected SP
16:39:44.123 k7qa S: a1 NO [AUTHENTICATIONFAILED] no               1.0 s · refuses
                       altered by mailtap; the server's side has: a1 NO
16:39:44.123 k7qa P: \x00                                          between mailtap and the server
                                                                   only
16:39:44.123 k7qa !! error auth.bad-credentials: The password is wrong
                       Type it again.
16:39:44.123 k7qa -- ended by the client after 1 min 0 s: s; r (session abcdefk7qa)
16:39:44.123 k7qa -- comment on event 7: look here
16:39:44.123      -- a certificate was made
`, "\n")
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What a peer chose never reaches the terminal as a control character, in any
// field of any kind of event.
func TestPrettyEscapesEveryField(t *testing.T) {
	const hostile = "\x1b]0;x\x07\u202e\u0085"
	c := &event.Context{Session: hostile, User: hostile, Mailbox: hostile, ClientID: hostile}
	for _, e := range []*event.Event{
		{Kind: event.KindListening, Context: c, Route: &event.Route{Listen: hostile, Upstream: hostile, Settings: hostile}},
		{Kind: event.KindSessionOpen, Context: c, Route: &event.Route{Upstream: hostile, Client: hostile}},
		{Kind: event.KindUpstreamOpen, Context: c, Route: &event.Route{Server: hostile}},
		{Kind: event.KindUpstreamOpen, Context: c, Route: &event.Route{Failure: hostile}},
		{Kind: event.KindTLS, Context: c, TLS: &event.TLS{Version: hostile, Cipher: hostile, SNI: hostile}},
		{Kind: event.KindTLS, Context: c, TLS: &event.TLS{Failure: hostile, Advice: hostile}},
		{Kind: event.KindResponse, Context: c, Dir: event.SideServer, Text: hostile, Note: hostile, Error: hostile, Altered: true, Other: hostile},
		{Kind: event.KindFinding, Context: c, Finding: &event.Finding{ID: hostile, Title: hostile, Advice: hostile}},
		{Kind: event.KindSessionClose, Context: c, Close: &event.Close{Reason: hostile, Summary: hostile}},
		{Kind: event.KindMark, Context: c, Text: hostile},
		{Kind: event.KindLog, Message: hostile},
	} {
		var out bytes.Buffer
		if err := New(&out, Options{Format: Pretty, Location: time.UTC}).Event(e); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\u202e\u0085") {
			t.Errorf("%s: %q reaches the terminal", e.Kind, out.String())
		}
	}
}

func TestPrettyNoteBelowWhereItDoesNotFit(t *testing.T) {
	var out bytes.Buffer
	e := &event.Event{Time: at, Kind: event.KindCommand, Dir: event.SideClient, Text: strings.Repeat("x", 70), Note: "a note that is much too long to stand beside it, or in one line"}
	if err := New(&out, Options{Format: Pretty, Width: 72, Location: time.UTC}).Event(e); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[0], "x…") || strings.TrimSpace(lines[1]) != "a note that is much too long to stand beside it," {
		t.Errorf("got:\n%s", out.String())
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > 72 {
			t.Errorf("%q has %d columns", line, n)
		}
	}
}

func TestAccept(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, Options{Format: JSON, Accept: func(e *event.Event) bool { return e.Kind == event.KindFinding }})
	var batch []wire.Item
	for _, e := range samples() {
		batch = append(batch, wire.Item{Event: e}, wire.Item{Octets: &wire.Octets{}})
	}
	if err := log.Write(batch); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), `"finding"`) {
		t.Errorf("got %d lines, want the finding alone:\n%s", n, out.String())
	}
}

type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriteError(t *testing.T) {
	log := New(failing{}, Options{Format: JSON})
	if err := log.Event(samples()[0]); !errors.Is(err, errFull) {
		t.Errorf("Event = %v, want %v", err, errFull)
	}
}

func BenchmarkLog(b *testing.B) {
	e := &event.Event{Time: at, Kind: event.KindResponse, Context: &event.Context{Session: "abcdefk7qa", Proto: event.IMAP, User: "alice", Mailbox: "INBOX"}, Seq: 7,
		Dir: event.SideServer, Tag: "*", Name: "FETCH", For: "UID FETCH", Cmd: 6, Text: `* 4 FETCH (UID 4 FLAGS (\Seen))`, Bytes: 34, State: event.StateSelected}
	for _, format := range []Format{JSON, Pretty} {
		b.Run(string(format), func(b *testing.B) {
			log := New(io.Discard, Options{Format: format, Colour: true})
			b.ReportAllocs()
			for b.Loop() {
				if err := log.Event(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
