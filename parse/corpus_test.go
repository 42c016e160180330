package parse

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

type keep struct{ events []*event.Event }

func (k *keep) Octets(*wire.Octets)  {}
func (k *keep) Event(e *event.Event) { k.events = append(k.events, e) }

// replay runs a recorded session of the corpus as it came.
func replay(t *testing.T, dir string) []*event.Event {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var meta struct {
		Proto  string
		TLS    string
		Events []string
	}
	if err := json.Unmarshal(read("meta.json"), &meta); err != nil {
		t.Fatal(err)
	}
	data := map[string][]byte{"c": read("c2s.bin"), "s": read("s2c.bin")}
	sides := map[string]event.Side{"c": event.SideClient, "s": event.SideServer}
	k := &keep{}
	s := New(event.ParseProto(meta.Proto), wire.Options{ID: "corpus0000", Sink: k})
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	at := start
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: at, Route: &event.Route{Listen: "imap://127.0.0.1:1143", Upstream: "imap://mail.example.org:143", Client: "127.0.0.1:50000"}})
	if meta.TLS == "implicit" {
		s.Emit(&event.Event{Kind: event.KindTLS, Time: at, TLS: &event.TLS{Side: event.SideClient, Version: "TLS 1.3"}})
	}
	upgrade := meta.TLS == "starttls"
	seen := 0
	dec := json.NewDecoder(bytes.NewReader(read("index.jsonl")))
	last := event.SideClient
	for dec.More() {
		var c struct {
			T        int64 `json:"t_us"`
			Dir      string
			Off, Len int
		}
		if err := dec.Decode(&c); err != nil {
			t.Fatal(err)
		}
		at = start.Add(time.Duration(c.T) * time.Microsecond)
		s.Feed(sides[c.Dir], data[c.Dir][c.Off:c.Off+c.Len], at, nil)
		last = sides[c.Dir]
		for ; upgrade && seen < len(k.events); seen++ {
			if e := k.events[seen]; e.Completes && (e.For == "STARTTLS" || e.For == "STLS") && (e.Status == "OK" || e.Status == "+OK") {
				upgrade = false
				s.Emit(&event.Event{Kind: event.KindTLS, Time: at, TLS: &event.TLS{Side: event.SideClient, Version: "TLS 1.3"}})
				s.Upgraded(event.SideClient, at)
			}
		}
	}
	s.EOF(event.SideClient, at)
	s.EOF(event.SideServer, at)
	i := s.Info()
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: at, Close: &event.Close{BytesC: i.BytesC, BytesS: i.BytesS, Commands: i.Commands, By: last, Duration: at.Sub(start)}})
	s.Close()
	return k.events
}

// TestCorpusFindings holds the recorded sessions against the list of those
// that have errors and warnings: what works must have none.
func TestCorpusFindings(t *testing.T) {
	metas, _ := filepath.Glob("../../shared/corpus/*/meta.json")
	if len(metas) == 0 {
		t.Skip("../shared/corpus is not here")
	}
	data, err := os.ReadFile("testdata/corpus_findings.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if name, ids, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			want[name] = ids
		}
	}
	for _, meta := range metas {
		name := filepath.Base(filepath.Dir(meta))
		found := map[string]bool{}
		for _, e := range replay(t, filepath.Dir(meta)) {
			if f := e.Finding; f != nil && f.Severity > event.SeverityInfo {
				found[f.ID+"/"+f.Severity.String()] = true
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(found)), " "); got != want[name] {
			t.Errorf("%s: found %q, want %q", name, got, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is not in the corpus", name)
	}
}
