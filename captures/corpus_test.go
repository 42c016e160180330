package captures_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/captures/export"
	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// corpus is where recorded sessions of real clients and servers lie.
const corpus = "../../shared/corpus"

// chunk is one Read of a recorded session, or something that happened.
type chunk struct {
	at    time.Duration
	side  event.Side
	data  []byte
	event string
}

// recorded is one session of the corpus.
type recorded struct {
	proto  event.Proto
	chunks []chunk
}

func loadCorpus(t testing.TB, dir string) recorded {
	t.Helper()
	file := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var meta struct{ Proto string }
	if err := json.Unmarshal(file("meta.json"), &meta); err != nil {
		t.Fatal(err)
	}
	octets := map[string][]byte{"c": file("c2s.bin"), "s": file("s2c.bin")}
	r := recorded{proto: event.ParseProto(meta.Proto)}
	for lines := bufio.NewScanner(bytes.NewReader(file("index.jsonl"))); lines.Scan(); {
		var l struct {
			TUS      int64 `json:"t_us"`
			Dir, Ev  string
			Off, Len int
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		c := chunk{at: time.Duration(l.TUS) * time.Microsecond, side: event.ParseSide(l.Dir), event: l.Ev}
		if l.Ev == "" {
			c.data = octets[l.Dir][l.Off : l.Off+l.Len]
		}
		r.chunks = append(r.chunks, c)
	}
	return r
}

// queue keeps what a session says, as the proxy's queue does.
type queue struct {
	id    string
	items []wire.Item
}

func (q *queue) Octets(o *wire.Octets) {
	with := *o
	with.Data, with.Secrets = bytes.Clone(o.Data), slices.Clone(o.Secrets)
	q.items = append(q.items, wire.Item{Session: q.id, Octets: &with})
}

func (q *queue) Event(e *event.Event) {
	q.items = append(q.items, wire.Item{Session: q.id, Event: e})
}

var began = time.Date(2026, 11, 23, 16, 39, 39, 987654321, time.UTC)

// run plays a recorded session as the proxy would, its chunks cut at random.
func run(t *testing.T, id string, r recorded, random *rand.Rand) *queue {
	t.Helper()
	q := &queue{id: id}
	s := parse.New(r.proto, wire.Options{ID: id, Sink: q})
	defer s.Close()
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: began, Route: &event.Route{Client: "192.0.2.1:40000", Upstream: "imaps://198.51.100.7:993"}})
	s.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: began, Route: &event.Route{Server: "198.51.100.7:993"}})
	now := began
	for _, c := range r.chunks {
		now = began.Add(c.at)
		switch c.event {
		case "tls-upgrade":
			for _, side := range []event.Side{event.SideServer, event.SideClient} {
				s.Emit(&event.Event{Kind: event.KindTLS, Time: now, TLS: &event.TLS{Side: side, Version: "TLS 1.3"}})
				s.Upgraded(side, now)
			}
		case "close":
			s.EOF(c.side, now)
		}
		for rest := c.data; len(rest) > 0; now = now.Add(time.Duration(random.IntN(3)) * time.Nanosecond) {
			n := len(rest)
			if random != nil && random.IntN(2) == 0 {
				n = 1 + random.IntN(len(rest))
			}
			s.Feed(c.side, bytes.Clone(rest[:n]), now, nil)
			rest = rest[n:]
		}
	}
	s.EOF(event.SideClient, now)
	s.EOF(event.SideServer, now)
	info := s.Info()
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, Close: &event.Close{BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, By: event.SideClient}})
	return q
}

// lines are events as JSON, one a line.
func lines(t *testing.T, items []wire.Item) (lines []string) {
	t.Helper()
	for _, item := range items {
		if item.Event == nil {
			continue
		}
		text, err := json.Marshal(item.Event)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	return lines
}

// streams are the octets of items: both directions.
func streams(items []wire.Item) (s [2][]byte) {
	for _, item := range items {
		if o := item.Octets; o != nil {
			d := 0
			if o.Side == event.SideServer {
				d = 1
			}
			s[d] = append(s[d], o.Data...)
		}
	}
	return s
}

// Every recorded session is written, read back with the same events and the
// same octets, and exported octet for octet.
func TestCorpus(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(corpus, "*", "meta.json"))
	if len(dirs) == 0 {
		t.Skip("no recorded sessions in ../shared")
	}
	path := filepath.Join(t.TempDir(), "all.pcapng")
	w, err := captures.Create(path, captures.Options{Version: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var all []*queue
	for i, meta := range dirs {
		dir := filepath.Dir(meta)
		q := run(t, fmt.Sprintf("S%09d", i), loadCorpus(t, dir), random)
		if err := w.Write(q.items); err != nil {
			t.Fatal(err)
		}
		all = append(all, q)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	back := map[string]*queue{}
	err = r.Walk(func(item wire.Item) error {
		q := back[item.Session]
		if q == nil {
			q = &queue{id: item.Session}
			back[item.Session] = q
		}
		if item.Octets != nil {
			q.Octets(item.Octets)
		} else {
			q.Event(item.Event)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range all {
		t.Run(filepath.Base(filepath.Dir(dirs[i])), func(t *testing.T) {
			got, want := back[q.id], lines(t, q.items)
			if got == nil {
				t.Fatal("it is not in the capture")
			}
			again := lines(t, got.items)
			for k := range max(len(again), len(want)) {
				if k >= len(again) || k >= len(want) || again[k] != want[k] {
					t.Fatalf("event %d is\n%s\nwant\n%s", k, line(again, k), line(want, k))

				}
			}
			if a, b := streams(got.items), streams(q.items); !bytes.Equal(a[0], b[0]) || !bytes.Equal(a[1], b[1]) {
				t.Error("the octets differ")
			}
		})
	}
	checkRaw(t, r, all)
}

func line(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(nothing)"
}

// checkRaw exports everything and holds it against what was recorded.
func checkRaw(t *testing.T, r *captures.Reader, all []*queue) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "raw")
	result, err := export.Raw(r, out)
	if err != nil || result.Sessions != len(all) {
		t.Fatalf("exporting: %+v, %v", result, err)
	}
	for _, q := range all {
		want := streams(q.items)
		for d, end := range []string{".client", ".server"} {
			got, err := os.ReadFile(out + "." + q.id + end)
			if err != nil || !bytes.Equal(got, want[d]) {
				t.Errorf("session %s: %d octets in %s, want %d (%v)", q.id, len(got), end, len(want[d]), err)
			}
		}
	}
}

// The last 10 kB of a capture of a real session, cut at every octet.
func TestCorpusCut(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	dir := filepath.Join(corpus, "dovecot-raw-imap-starttls-fetch-sections")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no recorded sessions in ../shared")
	}
	q := run(t, "AAAAAAAAAA", loadCorpus(t, dir), rand.New(rand.NewPCG(5, 6)))
	path := filepath.Join(t.TempDir(), "c.pcapng")
	w, err := captures.Create(path, captures.Options{Version: "1.0"})
	if err := errors.Join(err, w.Write(q.items), w.Close()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	want := lines(t, q.items)
	before := len(want)
	for n := info.Size() - 1; n > max(0, info.Size()-10_000); n-- {
		if err := os.Truncate(path, n); err != nil {
			t.Fatal(err)
		}
		r, err := captures.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var items []wire.Item
		err = r.Walk(func(item wire.Item) error { items = append(items, wire.Item{Event: item.Event}); return nil })
		r.Close()
		if err != nil && !errors.Is(err, captures.ErrTruncated) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		got := lines(t, items)
		if len(got) > before {
			t.Fatalf("cut at %d there are %d events, and %d when it was longer", n, len(got), before)
		}
		for k := range got {
			if got[k] != want[k] {
				t.Fatalf("cut at %d, event %d is\n%s\nwant\n%s", n, k, got[k], want[k])
			}
		}
		before = len(got)
	}
}
