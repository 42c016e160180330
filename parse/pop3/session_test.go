package pop3

import (
	"encoding/json"
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

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// chunk is a part of a session as it goes in.
type chunk struct {
	side event.Side
	data []byte
	at   time.Time
	what string // "", "upgraded", "eof"
}

// record keeps what a session says, in order.
type record struct {
	items  []wire.Item
	events []*event.Event
}

func (r *record) Octets(o *wire.Octets) {
	c := *o
	c.Data = append([]byte(nil), o.Data...)
	r.items = append(r.items, wire.Item{Octets: &c})
}

func (r *record) Event(e *event.Event) {
	r.items = append(r.items, wire.Item{Event: e})
	r.events = append(r.events, e)
}

// play feeds chunks to a new session without a gate.
func play(chunks []chunk, o wire.Options) *record {
	r := &record{}
	o.ID, o.Sink = "aaaaaaaaaa", r
	s := New(o)
	defer s.Close()
	for _, c := range chunks {
		switch c.what {
		case "upgraded":
			s.Upgraded(c.side, c.at)
		case "eof":
			s.EOF(c.side, c.at)
		default:
			res := s.Feed(c.side, c.data, c.at, nil)
			if string(res.Forward) != string(c.data) || res.Stopped || len(res.Back) > 0 {
				panic(fmt.Sprintf("Feed(%q) changed it: %+v", c.data, res))
			}
		}
	}
	return r
}

// replay gives the octets of a record to a new session.
func replay(r *record, chunks []chunk) *record {
	again := &record{}
	s := New(wire.Options{ID: "aaaaaaaaaa", Sink: again})
	defer s.Close()
	var upgrades []chunk
	for _, c := range chunks {
		if c.what == "upgraded" {
			upgrades = append(upgrades, c)
		}
	}
	for _, it := range r.items {
		o := it.Octets
		if o == nil {
			if e := *it.Event; e.Leg == event.LegServer { // a capture has it as a comment
				e.Context, e.Seq = nil, 0
				s.Emit(&e)
			}
			continue
		}
		for len(upgrades) > 0 && !o.Time.Before(upgrades[0].at) {
			s.Upgraded(upgrades[0].side, upgrades[0].at)
			upgrades = upgrades[1:]
		}
		s.Recorded(o)
	}
	return again
}

// asJSON is the events as the log has them.
func asJSON(t *testing.T, r *record) []string {
	t.Helper()
	var all []string
	for _, e := range r.events {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// same compares two lists and shows the first difference.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("%s: event %d:\n got %s\nwant %s", what, i+1, g, w)
		}
	}
}

// sums checks that each octet belongs to exactly one event, and that the
// octets on record are those that came, but for masks.
func sums(t *testing.T, what string, chunks []chunk, r *record) {
	t.Helper()
	counted, on, all := map[event.Side]int64{}, map[event.Side][]byte{}, map[event.Side][]byte{}
	for _, c := range chunks {
		all[c.side] = append(all[c.side], c.data...)
	}
	seq := int64(0)
	for _, it := range r.items {
		if o := it.Octets; o != nil {
			on[o.Side] = append(on[o.Side], o.Data...)
			continue
		}
		e := it.Event
		seq++
		if e.Seq != seq {
			t.Fatalf("%s: seq %d after %d", what, e.Seq, seq-1)
		}
		if e.Kind.Protocol() {
			counted[e.Dir] += e.Bytes
		}
	}
	for _, side := range []event.Side{event.SideClient, event.SideServer} {
		if came := len(all[side]); int64(came) != counted[side] || came != len(on[side]) {
			t.Fatalf("%s: %v: %d octets came, events have %d, the record %d", what, side, came, counted[side], len(on[side]))
		}
		for i := range on[side] {
			if on[side][i] != all[side][i] && on[side][i] != '*' {
				t.Fatalf("%s: %v: octet %d on record is %q, was %q", what, side, i, on[side][i], all[side][i])
			}
		}
	}
}

// recut cuts chunks anew; cut says how long the next piece is.
func recut(chunks []chunk, cut func() int) []chunk {
	var out []chunk
	for _, c := range chunks {
		if c.what != "" {
			out = append(out, c)
			continue
		}
		for data := c.data; len(data) > 0; {
			n := min(cut(), len(data))
			out = append(out, chunk{side: c.side, data: data[:n], at: c.at})
			data = data[n:]
		}
	}
	return out
}

// checkAll holds every property against one session, in several cuts.
func checkAll(t *testing.T, chunks []chunk, rnd *rand.Rand) *record {
	t.Helper()
	whole := play(chunks, wire.Options{})
	want := asJSON(t, whole)
	cuts := map[string]func() int{
		"whole":  func() int { return 1 << 30 },
		"octets": func() int { return 1 },
		"random": func() int { return 1 + rnd.IntN(40) },
	}
	for name, cut := range cuts {
		again := recut(chunks, cut)
		r := play(again, wire.Options{})
		same(t, name, asJSON(t, r), want)
		sums(t, name, again, r)
		rr := replay(r, again)
		same(t, name+", recorded", asJSON(t, rr), want)
		sums(t, name+", recorded", again, rr)
	}
	return whole
}

// wireOf reads the wire part of a golden file: "C: line", "S: line" with CRLF
// added, `C= "..."` as Go quotes it, "upgraded", "eof client".
func wireOf(t *testing.T, text string) []chunk {
	t.Helper()
	var chunks []chunk
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for row := range strings.Lines(text) {
		row = strings.TrimSuffix(row, "\n")
		at = at.Add(time.Millisecond)
		c := chunk{at: at}
		switch {
		case row == "upgraded":
			c.what, c.side = "upgraded", event.SideClient
		case strings.HasPrefix(row, "eof "):
			c.what, c.side = "eof", event.ParseSide(row[4:])
		case len(row) >= 2 && (row[0] == 'C' || row[0] == 'S'):
			c.side = event.ParseSide(strings.ToLower(row[:1]))
			if row[1] == '=' {
				text, err := strconv.Unquote(strings.TrimSpace(row[2:]))
				if err != nil {
					t.Fatalf("%q: %v", row, err)
				}
				c.data = []byte(text)
			} else {
				c.data = []byte(strings.TrimPrefix(row[2:], " ") + "\r\n")
			}
		default:
			t.Fatalf("not understood: %q", row)
		}
		chunks = append(chunks, c)
	}
	return chunks
}

// golden is one event of a golden file.
func golden(e *event.Event) string {
	name := e.Name + e.Status
	if e.Code != "" {
		name += " [" + e.Code + "]"
	}
	if name == "" {
		name = "-"
	}
	text := fmt.Sprintf("%s %-12s %-8s %5d %-13s", e.Dir.Letter(), e.Kind, name, e.Bytes, e.State)
	if e.For != "" {
		text += fmt.Sprintf(" for %s", e.For)
		if e.Cmd > 0 {
			text += fmt.Sprintf("#%d", e.Cmd)
		}
	}
	if e.Completes {
		text += fmt.Sprintf(" in %v", e.Latency)
	}
	if e.User != "" {
		text += " as " + e.User
	}
	text += " | " + e.Text + "\n"
	if e.Data != nil {
		data, _ := json.Marshal(e.Data)
		text += "    " + string(data) + "\n"
	}
	if e.Error != "" {
		text += "    error: " + e.Error + "\n"
	}
	return text
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			chunks := wireOf(t, string(a.Files[0].Data))
			r := checkAll(t, chunks, rand.New(rand.NewPCG(1, 2)))
			var b strings.Builder
			for _, e := range r.events {
				b.WriteString(golden(e))
			}
			if *update {
				a.Files = append(a.Files[:1], txtar.File{Name: "events", Data: []byte(b.String())})
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) < 2 || string(a.Files[1].Data) != b.String() {
				t.Errorf("%s: got\n%s", file, b.String())
			}
		})
	}
}

// corpus reads a recorded session of ../shared/corpus.
func corpus(t *testing.T, dir string) []chunk {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	c2s, s2c := read("c2s.bin"), read("s2c.bin")
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var chunks []chunk
	for row := range strings.Lines(string(read("index.jsonl"))) {
		var i struct {
			US  int64 `json:"t_us"`
			Dir string
			Off int
			Len int
			Ev  string
		}
		if err := json.Unmarshal([]byte(row), &i); err != nil {
			t.Fatal(err)
		}
		c := chunk{side: event.ParseSide(i.Dir), at: start.Add(time.Duration(i.US) * time.Microsecond)}
		switch {
		case i.Ev == "tls-upgrade":
			c.side, c.what = event.SideClient, "upgraded"
		case i.Ev == "close":
			c.what = "eof"
		case i.Dir == "c":
			c.data = c2s[i.Off : i.Off+i.Len]
		default:
			c.data = s2c[i.Off : i.Off+i.Len]
		}
		chunks = append(chunks, c)
	}
	return chunks
}

const corpusDir = "../../../shared/corpus"

func TestCorpus(t *testing.T) {
	dirs, err := filepath.Glob(corpusDir + "/*")
	if err != nil || len(dirs) == 0 {
		t.Skip("no recorded sessions at " + corpusDir)
	}
	sessions := 0
	for _, dir := range dirs {
		meta, err := os.ReadFile(filepath.Join(dir, "meta.json"))
		if err != nil || !strings.Contains(string(meta), `"proto": "pop3"`) {
			continue
		}
		sessions++
		t.Run(filepath.Base(dir), func(t *testing.T) {
			chunks := corpus(t, dir)
			if testing.Short() && total(chunks) > 100<<10 {
				t.Skip("long, and one goroutine: the race detector would see nothing")
			}
			r := checkAll(t, chunks, rand.New(rand.NewPCG(3, 4)))
			for _, e := range r.events {
				if e.Kind == event.KindResponse && e.For == "" && !strings.Contains(e.Text, "Too many invalid bad commands") || e.Kind == event.KindOctets {
					t.Errorf("unplaced: %s", golden(e))
				}
				if e.Error != "" {
					t.Logf("error: %s", golden(e))
				}
			}
		})
	}
	if sessions == 0 {
		t.Error("no POP3 session was found")
	}
}

func total(chunks []chunk) (n int) {
	for _, c := range chunks {
		n += len(c.data)
	}
	return n
}
