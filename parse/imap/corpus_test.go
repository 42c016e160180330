package imap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/inflate"
	"mailtap/parse/wire"
)

// shared is where recorded sessions and other projects' cases lie.
const shared = "../../../shared"

// corpus reads one recorded session; nil where it is not IMAP.
func corpus(t testing.TB, dir string) []chunk {
	t.Helper()
	var meta struct{ Proto string }
	raw, err := os.ReadFile(filepath.Join(dir, "meta.json"))
	if err != nil {
		t.Fatalf("reading corpus: %v", err)
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		t.Fatalf("reading %s: %v", dir, err)
	}
	if meta.Proto != "imap" {
		return nil
	}
	sides := map[string][]byte{}
	for dirName, file := range map[string]string{"c": "c2s.bin", "s": "s2c.bin"} {
		if sides[dirName], err = os.ReadFile(filepath.Join(dir, file)); err != nil {
			t.Fatalf("reading corpus: %v", err)
		}
	}
	index, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatalf("reading corpus: %v", err)
	}
	defer index.Close()
	var chunks []chunk
	for lines := bufio.NewScanner(index); lines.Scan(); {
		var l struct {
			TUS      int64 `json:"t_us"`
			Dir, Ev  string
			Off, Len int
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("reading %s: %v", index.Name(), err)
		}
		c := chunk{at: time.Duration(l.TUS) * time.Microsecond, ev: l.Ev, side: event.ParseSide(l.Dir)}
		if l.Ev == "" {
			c.data = sides[l.Dir][l.Off : l.Off+l.Len]
		}
		chunks = append(chunks, c)
	}
	return chunks
}

// TestCorpus replays every recorded IMAP session: the sums hold, each response
// is placed, and what a capture gives back is what was said live.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	dirs, _ := filepath.Glob(filepath.Join(shared, "corpus", "*", "meta.json"))
	if len(dirs) == 0 {
		t.Skip("no recorded sessions in ../shared")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, meta := range dirs {
		dir := filepath.Dir(meta)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			chunks := corpus(t, dir)
			if chunks == nil {
				t.Skip("not IMAP")
			}
			checkSession(t, chunks, r)
		})
	}
}

// checkSession plays chunks as they are and cut anew, and from the record.
func checkSession(t *testing.T, chunks []chunk, r *rand.Rand) {
	t.Helper()
	whole := record(chunks)
	checkSums(t, chunks, whole)
	checkPlaced(t, whole)
	cut := record(shatter(chunks, r, 40))
	diffLines(t, "cut at random", cut.lines(t), whole.lines(t))
	for _, live := range []*tape{whole, cut} {
		got := replay(live.items, wire.Options{ID: "AAAAAAAAAA"})
		diffLines(t, "recorded", got.lines(t), live.lines(t))
	}
}

// record plays chunks to a live session.
func record(chunks []chunk) *tape {
	p := &tape{}
	play(New(wire.Options{ID: "AAAAAAAAAA", Sink: p}), p, chunks)
	return p
}

func checkSums(t *testing.T, chunks []chunk, p *tape) {
	t.Helper()
	var want [3]bytes.Buffer
	for _, c := range chunks {
		if c.ev == "" {
			want[c.side].Write(c.data)
		}
	}
	inflateBehind(t, &want[event.SideClient], "COMPRESS DEFLATE\r\n")
	inflateBehind(t, &want[event.SideServer], "OK Begin compression")
	gotC, gotS := p.sums()
	if wantC, wantS := int64(want[event.SideClient].Len()), int64(want[event.SideServer].Len()); gotC != wantC || gotS != wantS {
		t.Errorf("bytes of the events = %d, %d, want %d, %d", gotC, gotS, wantC, wantS)
	}
	for _, side := range []event.Side{event.SideClient, event.SideServer} {
		if got, want := p.leg[side].Len(), want[side].Len(); got != want {
			t.Errorf("octets of the %v = %d, want %d", side, got, want)
		}
	}
}

// inflateBehind puts what was inside COMPRESS=DEFLATE in its place: what counts
// is the protocol text.
func inflateBehind(t *testing.T, b *bytes.Buffer, mark string) {
	t.Helper()
	data := bytes.Clone(b.Bytes())
	at := bytes.Index(data, []byte(mark))
	if at < 0 {
		return
	}
	at += bytes.IndexByte(data[at:], '\n') + 1
	b.Truncate(at)
	x := inflate.New()
	defer x.Close()
	if err := x.Feed(data[at:], func(plain []byte) { b.Write(plain) }); err != nil {
		t.Fatal(err)
	}
}

// checkPlaced wants a command for each tagged response.
func checkPlaced(t *testing.T, p *tape) {
	t.Helper()
	for _, e := range p.events {
		if e.Kind == event.KindResponse && e.Tag != "*" && e.Cmd == 0 {
			t.Errorf("unplaced: %s", e.Text)
		}
		if e.Kind == event.KindContinuation && e.For == "" {
			t.Errorf("unplaced: %s", e.Text)
		}
		if e.Kind == event.KindOctets {
			t.Errorf("not understood: %s: %s", e.Text, e.Error)
		}
	}
}

// suiteCase is one case of a suite as what a side sends; nil where it is none of IMAP.
func suiteCase(t testing.TB, line []byte) []chunk {
	t.Helper()
	if len(line) == 0 {
		return nil
	}
	var c struct {
		Proto, Dir string
		Bytes      []byte `json:"bytes_b64"`
	}
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatalf("reading case: %v", err)
	}
	if c.Proto != "imap" || len(c.Bytes) == 0 {
		return nil
	}
	if side := event.ParseSide(c.Dir); side != event.SideNone {
		return []chunk{{side: side, data: c.Bytes}}
	}
	return []chunk{{side: event.SideClient, data: c.Bytes}, {side: event.SideServer, data: c.Bytes}}
}

// TestDialogues plays curl's sessions: behind their banners there is one
// greeting, and each tagged response has its command.
func TestDialogues(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(shared, "suites", "curl", "dialogue.jsonl"))
	if err != nil {
		t.Skip("no suites in ../shared")
	}
	sessions, missing := map[string][]chunk{}, map[string]bool{}
	for _, line := range bytes.Split(raw, []byte("\n")) {
		var c struct {
			Dialogue string
			Missing  any `json:"literal_missing"`
		}
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatalf("reading case: %v", err)
		}
		sessions[c.Dialogue] = append(sessions[c.Dialogue], suiteCase(t, line)...)
		missing[c.Dialogue] = missing[c.Dialogue] || c.Missing != nil
	}
	for name, chunks := range sessions {
		if len(chunks) == 0 {
			continue // POP3
		}
		p := record(chunks)
		checkSums(t, chunks, p)
		greetings := 0
		for _, e := range p.events {
			if e.Kind == event.KindGreeting {
				greetings++
			}
			if e.Kind == event.KindResponse && e.Tag != "*" && e.Cmd == 0 && !missing[name] && name != "test981#0" { // there a server answers what nobody sent
				t.Errorf("%s: unplaced: %s", name, e.Text)
			}
		}
		if greetings != 1 {
			t.Errorf("%s: %d greetings", name, greetings)
		}
	}
}
