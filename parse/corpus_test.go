package parse

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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

// faulty are words in the names of recorded sessions in which something was
// done wrong on purpose, or refused.
var faulty = regexp.MustCompile(`bad|unknown|overquota|syntax-errors|garbage|cancel|disconnect|abort|unauth|preauth|twice|after-login|8bit|cram|auth-login|long-command|errors|store-copy|quota-acl|pipelined-done|idle|select`)

// TestCorpusFindings holds that recorded sessions which work give no error and
// no warning. The scripted clients of Python and imapflow also try wrong
// passwords and folders that are not there.
func TestCorpusFindings(t *testing.T) {
	metas, _ := filepath.Glob("../../shared/corpus/*/meta.json")
	if len(metas) == 0 {
		t.Skip("../shared/corpus is not here")
	}
	for _, meta := range metas {
		name := filepath.Base(filepath.Dir(meta))
		for _, e := range replay(t, filepath.Dir(meta)) {
			if f := e.Finding; f != nil && f.Severity > event.SeverityInfo && !faulty.MatchString(name) && !tries[name] {
				t.Errorf("%s: %s %s: %s", name, f.Severity, f.ID, f.Title)
			}
		}
	}
}

// tries are sessions whose client tried a wrong password, a mechanism or a
// folder that is not there, and was refused.
var tries = map[string]bool{"gomem-imapflow-plain-2": true}

func init() {
	for _, name := range []string{"imapflow-%s-2", "imapflow-%s-3", "py-imaplib-%s-2", "py-poplib-%s-2", "py-poplib-%s-3", "py-poplib-%s-10", "py-poplib-%s-14", "py-poplib-%s-15"} {
		for _, tls := range []string{"plain", "starttls"} {
			tries["dovecot-"+strings.Replace(name, "%s", tls, 1)] = true
		}
	}
}
