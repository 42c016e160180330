package explain_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

var update = flag.Bool("update", false, "rewrite what the notes say")

// notes collects what is said of a session's events.
type notes struct{ said []string }

func (n *notes) Octets(*wire.Octets) {}

func (n *notes) Event(e *event.Event) {
	note := explain.Note(e)
	if rfc := explain.RFC(e); rfc != "" {
		note += " [" + rfc + "]"
	}
	if e.Error != "" {
		note += " ERROR " + e.Error
	}
	if e.Kind.Protocol() {
		n.said = append(n.said, "  "+note)
	}
}

// TestNotes plays the sessions of testdata, a line at a time, and holds what
// is said of each against what stands indented below it. A blank line begins a
// new session. \r, \n and \xHH are escapes; CRLF is added.
func TestNotes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no sessions", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, file, string(raw))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(raw) {
				t.Errorf("%s says something else; run with -update and read it aloud:\n%s", file, got)
			}
		})
	}
}

func play(t *testing.T, file, raw string) string {
	t.Helper()
	proto := event.IMAP
	if strings.Contains(file, "pop3") {
		proto = event.POP3
	}
	var out strings.Builder
	n := &notes{}
	s := parse.New(proto, wire.Options{ID: "0123456789", Sink: n})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text := range strings.Lines(raw) {
		text = strings.TrimSuffix(text, "\n")
		if strings.HasPrefix(text, "  ") {
			continue
		}
		at = at.Add(40 * time.Millisecond)
		out.WriteString(text + "\n")
		data := []byte(unescape(strings.TrimPrefix(strings.TrimPrefix(text, "C: "), "S: ")) + "\r\n")
		switch {
		case text == "":
			s.Close()
			s = parse.New(proto, wire.Options{ID: "0123456789", Sink: n})
		case strings.HasPrefix(text, "C: "):
			s.Feed(event.SideClient, data, at, nil)
		case strings.HasPrefix(text, "S: "):
			s.Feed(event.SideServer, data, at, nil)
		}
		for _, said := range n.said {
			out.WriteString(said + "\n")
		}
		n.said = nil
	}
	s.Close()
	return out.String()
}

var escapes = regexp.MustCompile(`\\(r|n|x[0-9a-f]{2})`)

func unescape(text string) string {
	return escapes.ReplaceAllStringFunc(text, func(e string) string {
		octet, err := strconv.Unquote(`"` + e + `"`)
		if err != nil {
			return e
		}
		return octet
	})
}

// TestNotesAreSafe holds that no note carries what moves a terminal, that all
// are short, begin in lower case and end without a full stop.
func TestNotesAreSafe(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.Lines(string(raw)) {
			note, ok := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "  ")
			if !ok || note == "" {
				continue
			}
			note, _, _ = strings.Cut(note, " [")
			if wire.Escape([]byte(note)) != note || len(note) > 600 || strings.HasSuffix(note, ".") || note[0] >= 'A' && note[0] <= 'Z' && !strings.HasPrefix(note, "INBOX") && !strings.HasPrefix(note, "UID") {
				t.Errorf("%s: %q", file, note)
			}
		}
	}
}
