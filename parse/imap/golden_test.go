package imap

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

var update = flag.Bool("update", false, "write what is to what should be")

// TestTranscripts plays testdata/*.txtar: whole, by octet and in random pieces.
//
// A line of the part "wire" is what one side sends, with CRLF: "C: ..." or
// "S: ..."; with a Go string in quotation marks it is that as it stands. "U:" is
// the upgrade to TLS. Each comes a millisecond after the last.
func TestTranscripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no transcripts in testdata")
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatalf("reading transcript: %v", err)
			}
			chunks := wireChunks(t, part(archive, "wire"))
			live := record(chunks)
			checkSums(t, chunks, live)
			got := table2(live.events)
			if *update {
				setPart(archive, "events", got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := part(archive, "events"); got != want {
				t.Errorf("events are\n%s\nwant\n%s", got, want)
			}
			for name, chunks := range map[string][]chunk{
				"by octet": shatter(chunks, r, 1), "in pieces": shatter(chunks, r, 9), "joined": joined(chunks)} {
				cut := record(chunks)
				if name == "joined" {
					continue // the times differ, and the sides' order; it must not panic
				}
				diffLines(t, name, cut.lines(t), live.lines(t))
				back := replay(cut.items, wire.Options{ID: "AAAAAAAAAA"})
				diffLines(t, name+", recorded", back.lines(t), live.lines(t))
			}
		})
	}
}

func part(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if strings.Fields(f.Name)[0] == name {
			return string(f.Data)
		}
	}
	return ""
}

func setPart(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if strings.Fields(a.Files[i].Name)[0] == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

func wireChunks(t testing.TB, text string) []chunk {
	t.Helper()
	var chunks []chunk
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		at := time.Duration(i+1) * time.Millisecond
		if line == "U:" {
			chunks = append(chunks, chunk{ev: "tls-upgrade", at: at})
			continue
		}
		side := map[byte]event.Side{'C': event.SideClient, 'S': event.SideServer}[line[0]]
		var data string
		switch {
		case side == event.SideNone || len(line) < 2:
			t.Fatalf("no line of a transcript: %q", line)
		case line[1] == '"':
			var err error
			if data, err = strconv.Unquote(line[1:]); err != nil {
				t.Fatalf("in %q: %v", line, err)
			}
		default:
			data = strings.TrimPrefix(line[2:], " ") + "\r\n"
		}
		chunks = append(chunks, chunk{side: side, data: []byte(data), at: at})
	}
	return chunks
}

// joined puts what one side sends in a row into one chunk.
func joined(chunks []chunk) []chunk {
	var out []chunk
	for _, c := range chunks {
		if n := len(out); n > 0 && c.ev == "" && out[n-1].ev == "" && out[n-1].side == c.side {
			out[n-1].data = append(out[n-1].data[:len(out[n-1].data):len(out[n-1].data)], c.data...)
			continue
		}
		out = append(out, c)
	}
	return out
}

// table2 is events as the transcripts have them.
func table2(events []*event.Event) string {
	var b strings.Builder
	for _, e := range events {
		word := func(s string) string {
			if s == "" {
				return "-"
			}
			return s
		}
		name := e.Name
		if e.Status != "" {
			name = e.Status
		}
		line := fmt.Sprintf("%s %-12s %-3s %-10s %3d %-17s", e.Dir.Letter(), e.Kind, word(e.Tag), word(name), e.Bytes, e.State)
		if e.Code != "" {
			line += " [" + e.Code + "]"
		}
		if e.For != "" {
			line += " for " + e.For
		}
		if e.Cmd != 0 {
			line += " #" + strconv.FormatInt(e.Cmd, 10)
		}
		if e.Completes {
			line += fmt.Sprintf(" %v/%v", e.Latency, e.First)
		}
		for _, f := range []struct{ name, value string }{{"user", e.User}, {"mailbox", e.Mailbox}, {"client_id", e.ClientID}} {
			if f.value != "" {
				line += " " + f.name + "=" + f.value
			}
		}
		if e.Dir == event.SideClient {
			line += "  " + e.Text
		}
		switch data := e.Data.(type) {
		case *Login:
			line += "  (" + data.User + ": " + data.Shape + ")"
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if e.Error != "" && !strings.HasPrefix(e.Error, "in ") { // the grammar's have tests of their own
			b.WriteString("  ! " + e.Error + "\n")
		}
	}
	return b.String()
}
