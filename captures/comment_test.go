package captures

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mailtap/captures/pcapng"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// A comment is at most 32 KiB, whatever is in it, and stays readable.
func TestLongComments(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	long := strings.Repeat("ü<", 100_000)
	peers := make([]event.Certificate, 50)
	for i := range peers {
		peers[i] = event.Certificate{Subject: long, Issuer: long, Reason: long, Names: strings.Split(strings.Repeat(long[:300]+" ", 1000), " ")}
	}
	who := &event.Context{Session: "AAAAAAAAAA", Proto: event.IMAP, User: long, Mailbox: long, ClientID: long}
	for _, e := range []*event.Event{
		{Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideServer, SNI: long, Failure: long, Advice: long, Peer: peers}},
		{Kind: event.KindFinding, Finding: &event.Finding{ID: "x", Title: long, Advice: long,
			Evidence: strings.Split(strings.Repeat("AAAAAAAAAA:12 ", 10000), " "), Also: strings.Split(strings.Repeat("a.b ", 10000), " ")}},
		{Kind: event.KindSessionOpen, Route: &event.Route{Listen: long, Upstream: long, Client: long}},
		{Kind: event.KindUpstreamOpen, Route: &event.Route{Failure: long, Server: long}},
		{Kind: event.KindSessionClose, Close: &event.Close{Reason: long, Summary: long, BytesC: 7}},
		{Kind: event.KindResponse, Leg: event.LegServer, Text: long, Other: long, Data: []string{long}},
		{Kind: event.KindMark, Text: long},
	} {
		e.Context, e.Time = who, start
		kind := kindOf(e)
		text := encodeEvent(kind, "", e)
		if len(text) > maxComment {
			t.Errorf("%s: a comment of %d octets", kind, len(text))
		}
		c, ours := decode(text)
		if !ours || c.Kind != kind || !c.Cut || c.Session != "AAAAAAAAAA" {
			t.Errorf("%s: read back as %+v", kind, c)
		}
		again, err := decodeEvent(text)
		if err != nil || again.Kind != e.Kind || !again.Time.Equal(start) {
			t.Errorf("%s: the event is %+v (%v)", kind, again, err)
		}
	}
	c := comment{Kind: kindAltered, Why: long, Other: &long, Secret: &wire.Secret{User: long, Note: long}}
	if text := c.encode(); len(text) > maxComment || !json.Valid(text) {
		t.Errorf("a comment of %d octets", len(text))
	}
}

// What comments say is taken for what it is: never a panic, never another
// session's end, nothing invented where it makes no sense.
func TestHostileComments(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	hostile := []string{
		``, `{`, `{}`, `null`, `[1]`, `{"mailtap"`, `{"mailtap":1}`, `{"mailtap":0,"kind":"open"}`,
		`{"mailtap":1,"kind":"secret","off":-5,"len":99999999}`,
		`{"mailtap":1,"kind":"secret","off":9223372036854775807,"len":9223372036854775807}`,
		`{"mailtap":1,"kind":"secret","off":"x"}`,
		`{"mailtap":1,"kind":"altered"}`, `{"mailtap":1,"kind":"altered","other_bytes":-1}`,
		`{"mailtap":1,"kind":"layer","layer":"nonsense"}`, `{"mailtap":1,"kind":"layer","layer":"tls","part":7}`,
		`{"mailtap":1,"kind":"tls","event":"finding","time":"2026-11-23T16:39:39Z"}`,
		`{"mailtap":1,"kind":"tls","event":"tls"}`,
		`{"mailtap":1,"kind":"finding","event":"tls","time":"2026-11-23T16:39:39Z"}`,
		`{"mailtap":1,"kind":"close","session":"BBBBBBBBBB","event":"session.close","time":"2026-11-23T16:39:39Z"}`,
		`{"mailtap":1,"kind":"open","session":"CCCCCCCCCC","event":"session.open","time":"2026-11-23T16:39:39Z","session":"","proto":"smtp"}`,
		`{"mailtap":1,"kind":"mark","at":"::::"}`, `{"mailtap":1,"kind":"mark","at":"AAAAAAAAAA:-4","text":"x"}`,
		`{"mailtap":1,"kind":"unheard-of","more":{"deep":[[[[[[]]]]]]}}`,
		strings.Repeat(`{"mailtap":1,"kind":`, 1000),
		`{"mailtap":1,"kind":"open","session":"../../x","event":"session.open","time":"2026-11-23T16:39:39Z","proto":"imap"}`,
		`{"mailtap":1,"kind":"finding","session":"../\u001b[2J","event":"finding","time":"2026-11-23T16:39:39Z","id":"x"}`,
		"a user's words \x1b]0;pwned\x07 \xff",
	}
	for _, flags := range []byte{flagSYN, flagACK, flagFIN | flagACK, 0xff} {
		for i, text := range hostile {
			t.Run(fmt.Sprintf("%d flags %d", i, flags), func(t *testing.T) {
				r := newRecorder(Options{})
				r.buf = pcapng.AppendSection(r.buf, "mailtap 1.0")
				r.buf = pcapng.AppendInterface(r.buf, pcapng.LinkRaw, "mailtap")
				for k := range l.items {
					if k == 3 {
						f := r.flows[l.id]
						r.begin(f.ends, client, flags, f.seq[client], f.seq[server], 1, start)
						r.end(0, 0, []byte(text), []byte(text))
					}
					r.record(&l.items[k])
				}
				r.end(0, 0)
				for _, item := range readBytes(t, r.buf) {
					if !isID(item.Session) || item.Event != nil && !isID(item.Event.Session) {
						t.Errorf("an item of session %q", item.Session)
					}
					if e := item.Event; e != nil && (strings.ContainsAny(e.Text, "\x1b\x07") || !utf8.ValidString(e.Text)) {
						t.Errorf("an event's text is %q", e.Text)
					}
				}
			})
		}
	}
}

// readBytes walks over a capture in memory's file, and its index too.
func readBytes(t *testing.T, data []byte) []wire.Item {
	t.Helper()
	path := writeTemp(t, data)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.newParse = newLineSession
	if _, err := r.Sessions(); err != nil {
		t.Fatal(err)
	}
	items, err := walkItems(r)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// A user's comment on a packet is a mark, and moves no number.
func TestUserComment(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	r := newRecorder(Options{})
	r.buf = pcapng.AppendSection(r.buf, "Dumpcap (Wireshark) 4.0") // saved again by Wireshark
	r.buf = pcapng.AppendInterface(r.buf, pcapng.LinkRaw, "mailtap")
	for k := range l.items {
		r.record(&l.items[k])
		if k == 2 {
			f := r.flows[l.id]
			r.begin(f.ends, client, flagACK, f.seq[client], f.seq[server], 1, start.Add(time.Hour))
			r.end(0, 0, []byte(" why so slow? "))
		}
	}
	r.end(0, 0)
	var without []wire.Item
	marks := 0
	for _, item := range readBytes(t, r.buf) {
		if e := item.Event; e != nil && e.Kind == event.KindMark {
			if marks++; e.Text != "why so slow?" || e.Seq != 0 || e.After == 0 {
				t.Errorf("the mark is %+v", e)
			}
			continue
		}
		without = append(without, item)
	}
	if marks != 1 {
		t.Errorf("%d marks", marks)
	}
	compareItems(t, without, l.items)
}

func FuzzReader(f *testing.F) {
	r := newRecorder(Options{})
	r.buf = pcapng.AppendSection(r.buf, "mailtap 1.0")
	r.buf = pcapng.AppendInterface(r.buf, pcapng.LinkRaw, "mailtap")
	l := everything("AAAAAAAAAA")
	for k := range l.items {
		if o := l.items[k].Octets; o == nil || len(o.Data) < 1000 {
			r.record(&l.items[k])
		}
	}
	r.end(0, 0)
	f.Add(r.buf)
	f.Fuzz(func(t *testing.T, data []byte) {
		rd, err := Open(writeTemp(t, data))
		if err != nil {
			return
		}
		defer rd.Close()
		rd.newParse = newLineSession
		rd.Sessions()
		rd.Walk(func(wire.Item) error { return nil })
	})
}
