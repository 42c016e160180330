package explain_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

// safeNotes holds that what is said can be shown, whatever came.
type safeNotes struct{ t *testing.T }

func (safeNotes) Octets(*wire.Octets) {}

func (n safeNotes) Event(e *event.Event) {
	note := explain.Note(e)
	if wire.Escape([]byte(note)) != note || len(note) > 4000 {
		n.t.Errorf("%q: note %q", e.Text, note)
	}
	explain.RFC(e)
	for _, d := range explain.Details(e) {
		if wire.Escape([]byte(d.Name)) != d.Name {
			n.t.Errorf("%q: detail %q", e.Text, d.Name)
		}
	}
}

// FuzzNotes gives a session lines of both sides, by turns.
func FuzzNotes(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var client, server bytes.Buffer
		for text := range strings.Lines(string(raw)) {
			if line, ok := strings.CutPrefix(text, "C: "); ok {
				client.WriteString(unescape(strings.TrimSpace(line)) + "\r\n")
				f.Add([]byte("* PREAUTH\r\n"), []byte(unescape(strings.TrimSpace(line))+"\r\n"))
			}
			if line, ok := strings.CutPrefix(text, "S: "); ok {
				server.WriteString(unescape(strings.TrimSpace(line)) + "\r\n")
				f.Add([]byte(unescape(strings.TrimSpace(line))+"\r\n"), []byte("a NOOP\r\n"))
			}
		}
		f.Add(server.Bytes(), client.Bytes())
	}
	f.Fuzz(func(t *testing.T, server, client []byte) {
		at := time.Unix(0, 0)
		for _, proto := range []event.Proto{event.IMAP, event.POP3} {
			s := parse.New(proto, wire.Options{ID: "0123456789", Sink: safeNotes{t}})
			s.Feed(event.SideServer, server, at, nil)
			s.Feed(event.SideClient, client, at, nil)
			s.Feed(event.SideServer, server, at, nil)
			s.Close()
		}
	})
}
