package captures

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// kept is a sink that keeps a session's items as the proxy's queue does.
type kept struct {
	id    string
	items []wire.Item
}

func (k *kept) Octets(o *wire.Octets) {
	with := *o
	with.Data = bytes.Clone(o.Data)
	with.Secrets = slices.Clone(o.Secrets)
	k.items = append(k.items, wire.Item{Session: k.id, Octets: &with})
}

func (k *kept) Event(e *event.Event) {
	k.items = append(k.items, wire.Item{Session: k.id, Event: e})
}

// newSession is what tests take for parse.New.
type newSession func(event.Proto, wire.Options) wire.Session

// live is one session as the proxy would run it.
type live struct {
	kept
	wire.Session
	now time.Time
}

var start = time.Date(2026, 11, 23, 16, 39, 39, 123456789, time.UTC)

func newLive(id string, proto event.Proto, make newSession) *live {
	l := &live{kept: kept{id: id}, now: start}
	l.Session = make(proto, wire.Options{ID: id, Sink: &l.kept})
	return l
}

func (l *live) tick() time.Time {
	l.now = l.now.Add(1234567 * time.Nanosecond)
	return l.now
}

// open emits what stands at a session's beginning.
func (l *live) open(clientAddr, serverAddr string) {
	l.Emit(&event.Event{Kind: event.KindSessionOpen, Time: l.tick(), Route: &event.Route{
		Listen: "imap://127.0.0.1:1143", Upstream: "imap://mail.example.org:143", Client: clientAddr}})
	l.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: l.tick(), Route: &event.Route{
		Server: serverAddr, Dial: event.Duration{D: 1500 * time.Microsecond, Known: true}}})
}

func (l *live) client(text string) { l.Feed(event.SideClient, []byte(text), l.tick(), nil) }
func (l *live) server(text string) { l.Feed(event.SideServer, []byte(text), l.tick(), nil) }

func (l *live) tls(side event.Side) {
	l.Upgraded(side, l.tick())
	l.Emit(&event.Event{Kind: event.KindTLS, Time: l.now, TLS: &event.TLS{Side: side, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"}})
}

func (l *live) close() {
	l.EOF(event.SideClient, l.tick())
	l.EOF(event.SideServer, l.tick())
	info := l.Info()
	l.Emit(&event.Event{Kind: event.KindSessionClose, Time: l.tick(), Close: &event.Close{
		BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, Duration: l.now.Sub(start), By: event.SideClient}})
	l.Close()
}

// record writes items to a new capture and gives its path.
func record(t *testing.T, o Options, batches ...[]wire.Item) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.pcapng")
	recordTo(t, path, o, batches...)
	return path
}

func recordTo(t *testing.T, path string, o Options, batches ...[]wire.Item) {
	t.Helper()
	if o.Version == "" {
		o.Version = "1.0"
	}
	w, err := Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, items := range batches {
		if err := w.Write(items); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// read gives a capture's items, and how the reading ended.
func read(t *testing.T, name string, make newSession) ([]wire.Item, error) {
	t.Helper()
	r, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	r.newParse = make
	return walkItems(r)
}

func walkItems(r *Reader) ([]wire.Item, error) {
	var items []wire.Item
	err := r.Walk(func(item wire.Item) error {
		if item.Octets != nil {
			k := kept{id: item.Session}
			k.Octets(item.Octets)
			item = k.items[0]
		}
		items = append(items, item)
		return nil
	})
	return items, err
}

func mustRead(t *testing.T, name string, make newSession) []wire.Item {
	t.Helper()
	items, err := read(t, name, make)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// eventLines are the events of items as JSON: what a recording has to keep.
// Words of the server's leg are made when it is written, and are left out.
func eventLines(t *testing.T, items []wire.Item) []string {
	t.Helper()
	var lines []string
	for _, item := range items {
		if item.Event == nil {
			continue
		}
		flat := item.Event.Flat()
		flat.Note, flat.RFC, flat.Message, flat.Recorded = "", "", "", false
		text, err := json.Marshal(flat)
		if err != nil {
			t.Fatal(err)
		}
		if flat.Leg == "server" { // parsed parts come back as a tree: compare those as trees
			var tree any
			if err := json.Unmarshal(text, &tree); err != nil {
				t.Fatal(err)
			}
			text, _ = json.Marshal(tree)
		}
		lines = append(lines, string(text))
	}
	return lines
}

// runs are the octets of items, per session and side: adjacent ones of which
// the same is said, joined.
func runs(items []wire.Item) map[string][]string {
	type head struct {
		key  string
		said string
	}
	got := map[string][]string{}
	last := map[string]head{}
	for _, item := range items {
		o := item.Octets
		if o == nil || len(o.Data) == 0 && !o.End {
			continue
		}
		key := item.Session + " " + o.Side.String()
		altered := ""
		if o.Altered != nil {
			altered = fmt.Sprintf("%+v", *o.Altered)
		}
		said := fmt.Sprintf("%s proxy=%t dropped=%t%q altered=%s deflate=%t raw=%t end=%t cut=%t",
			o.Time.UTC().Format(time.RFC3339Nano), o.Proxy, o.Dropped, o.Why, altered, o.Deflate, o.Raw, o.End, o.Cut)
		for _, s := range o.Secrets {
			said += fmt.Sprintf(" %+v", s)
		}
		if n := len(got[key]); n > 0 && last[key].said == said && len(o.Secrets) == 0 && o.Altered == nil {
			got[key][n-1] += string(o.Data)
			continue
		}
		last[key] = head{key, said}
		got[key] = append(got[key], said+"\n"+string(o.Data))
	}
	return got
}

// compareItems says where got differs from want in its events or octets.
func compareItems(t *testing.T, got, want []wire.Item) {
	t.Helper()
	g, w := eventLines(t, got), eventLines(t, want)
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			t.Fatalf("event %d is missing: %s", i, w[i])
		case i >= len(w):
			t.Fatalf("event %d is one too many: %s", i, g[i])
		case g[i] != w[i]:
			t.Fatalf("event %d is\n%s\nwant\n%s", i, g[i], w[i])
		}
	}
	gr, wr := runs(got), runs(want)
	for key := range wr {
		for i := range max(len(gr[key]), len(wr[key])) {
			if i >= len(gr[key]) || i >= len(wr[key]) || gr[key][i] != wr[key][i] {
				t.Fatalf("octets of %s, run %d:\n%.300q\nwant\n%.300q", key, i, at(gr[key], i), at(wr[key], i))
			}
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(nothing)"
}

// mustCut opens a capture that was cut.
func mustBeCut(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrTruncated) {
		t.Fatalf("error is %v, want ErrTruncated", err)
	}
}

func mustReadFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeTemp(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.pcapng")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
