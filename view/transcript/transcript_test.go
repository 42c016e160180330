package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"mailtap/parse/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each testdata/*.txtar has events, and what becomes of them in each format.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			events := decode(t, archive.Files[0].Data)
			for i := range archive.Files[1:] {
				f := &archive.Files[i+1]
				got := write(t, events, options(t, f.Name))
				if got != string(f.Data) && !*update {
					t.Errorf("%s: got:\n%s\nwant:\n%s", f.Name, got, f.Data)
				}
				f.Data = []byte(got)
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// options are what a golden file's name asks for: text, text 60, markdown, text finding.
func options(t *testing.T, name string) Options {
	t.Helper()
	o := Options{Format: Text, Location: time.UTC}
	for word := range strings.FieldsSeq(name) {
		switch word {
		case "text":
		case "markdown":
			o.Format = Markdown
		case "narrow":
			o.Width = 60
		case "refused":
			o.Accept = func(e *event.Event) bool { return e.Status == "NO" }
		default:
			t.Fatalf("a golden file of unknown kind %q", word)
		}
	}
	return o
}

func decode(t *testing.T, lines []byte) []*event.Event {
	t.Helper()
	var all []*event.Event
	for line := range bytes.Lines(lines) {
		e := new(event.Event)
		if err := json.Unmarshal(line, e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

func write(t *testing.T, events []*event.Event, o Options) string {
	t.Helper()
	var out strings.Builder
	w := New(&out, o)
	for _, e := range events {
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Whatever a peer calls itself, it steers no terminal and ends no code block.
func TestHostileNames(t *testing.T) {
	const hostile = "\x1b]0;x\x07\u202e```\n# heading"
	c := &event.Context{Session: hostile, User: hostile}
	events := []*event.Event{
		{Kind: event.KindSessionOpen, Context: c, Route: &event.Route{Client: hostile, Listen: hostile, Upstream: hostile}},
		{Kind: event.KindUpstreamOpen, Context: c, Route: &event.Route{Server: hostile}},
		{Kind: event.KindTLS, Context: c, TLS: &event.TLS{Side: event.SideClient, Version: hostile, SNI: hostile}},
		{Kind: event.KindTLS, Context: c, TLS: &event.TLS{Side: event.SideServer, Peer: []event.Certificate{{Subject: hostile, Reason: hostile}}}},
		{Kind: event.KindResponse, Context: c, Dir: event.SideServer, Text: "```", Note: hostile, Error: hostile},
		{Kind: event.KindFinding, Context: c, Finding: &event.Finding{ID: hostile, Title: hostile, Advice: hostile}},
		{Kind: event.KindSessionClose, Context: c, Close: &event.Close{Reason: hostile, Summary: hostile}},
	}
	for _, format := range []Format{Text, Markdown} {
		got := write(t, events, Options{Format: format, Location: time.UTC})
		if strings.ContainsAny(got, "\x1b\x07\u202e") {
			t.Errorf("%s: %q", format, got)
		}
		for line := range strings.Lines(got) {
			if strings.HasPrefix(line, "# ") || format == Markdown && strings.HasPrefix(line, "```") && line != "```\n" {
				t.Errorf("%s: %q breaks out", format, line)
			}
		}
	}
}

type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriteError(t *testing.T) {
	w := New(failing{}, Options{})
	e := &event.Event{Kind: event.KindResponse, Context: &event.Context{}, Text: strings.Repeat("x", 10000)}
	if err := w.Event(e); !errors.Is(err, errFull) {
		t.Errorf("Event = %v, want %v", err, errFull)
	}
}
