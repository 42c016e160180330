package imap

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

func archiveOf(t testing.TB, file string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatalf("reading transcript: %v", err)
	}
	return archive
}

// TestParts: of the octets of messages it is said whether they are header or body.
func TestParts(t *testing.T) {
	const text = "A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore"
	const header, body = "A: b\r\nC: d\r\n\r\n", "body\r\n\r\nmore"
	for _, tt := range []struct {
		side               event.Side
		before             string
		size               int
		after              string
		header, body, none bool
	}{
		{event.SideServer, "* 1 FETCH (UID 1 BODY[] ", len(text), ")", true, true, false},
		{event.SideServer, "* 1 FETCH (BODY[]<0> ", len(text), ")", true, true, false},
		{event.SideServer, "* 1 FETCH (RFC822 ", len(text), ")", true, true, false},
		{event.SideServer, "* 1 FETCH (BINARY[] ~", len(text), ")", true, true, false},
		{event.SideServer, "* 1 FETCH (BODY[HEADER] ", len(text), ")", true, false, false},
		{event.SideServer, "* 1 FETCH (BODY[HEADER.FIELDS (A C)] ", len(text), ")", true, false, false},
		{event.SideServer, "* 1 fetch (rfc822.header ", len(text), ")", true, false, false},
		{event.SideServer, "* 1 FETCH (BODY[1.MIME] ", len(text), ")", true, false, false},
		{event.SideServer, "* 1 FETCH (BODY[TEXT] ", len(text), ")", false, true, false},
		{event.SideServer, "* 1 FETCH (BODY[1]<0> ", len(text), ")", false, true, false},
		{event.SideServer, "* 1 FETCH (BODY[]<100> ", len(text), ")", false, true, false},
		{event.SideServer, "* 1 FETCH (RFC822.TEXT ", len(text), ")", false, true, false},
		{event.SideServer, "* URLFETCH \"imap://x\" ", len(text), "", true, true, false},
		{event.SideServer, "* 1 FETCH (ENVELOPE (NIL ", len(text), "))", false, false, true},
		{event.SideServer, "* LIST () \"/\" ", len(text), "", false, false, true},
		{event.SideClient, "a APPEND INBOX ", len(text), "", true, true, false},
		{event.SideClient, "a APPEND ", len(text), " {1}", false, false, true},
		{event.SideClient, "a REPLACE 4 INBOX ", len(text), "", true, true, false},
		{event.SideClient, "a UID REPLACE 4 ", len(text), " {1}", false, false, true},
		{event.SideClient, "a APPEND INBOX CATENATE (TEXT ", len(text), ")", true, true, false},
		{event.SideClient, "a SEARCH SUBJECT ", len(text), "", false, false, true},
	} {
		line := tt.before + "{" + itoa(tt.size) + "}\r\n" + text + tt.after + "\r\n"
		for _, size := range []int{len(line), 1} {
			p := &tape{}
			s := New(wire.Options{Sink: p})
			s.Feed(event.SideServer, []byte("* PREAUTH ready\r\n"), start, nil)
			for rest := line; rest != ""; {
				n := min(size, len(rest))
				s.Feed(tt.side, []byte(rest[:n]), start, nil)
				rest = rest[n:]
			}
			var got [3]string
			for _, item := range p.items {
				if o := item.Octets; o != nil && o.Side == tt.side {
					got[o.Part] += string(o.Data)
				}
			}
			wantH, wantB := "", ""
			switch {
			case tt.header && tt.body:
				wantH, wantB = header, body
			case tt.header:
				wantH = text
			case tt.body:
				wantB = text
			}
			if got[wire.PartHeader] != wantH || got[wire.PartBody] != wantB {
				t.Errorf("%s: header %q, body %q", tt.before, got[wire.PartHeader], got[wire.PartBody])
			}
		}
	}
}

func itoa(n int) string {
	var digits []byte
	for ; n > 0; n /= 10 {
		digits = append([]byte{byte('0' + n%10)}, digits...)
	}
	return string(digits)
}

// TestRegistry: every command, response and code of the registries has a row.
func TestRegistry(t *testing.T) {
	names := func(file string) []string {
		f, err := os.Open(filepath.Join(shared, "registry", file))
		if err != nil {
			t.Skip("no registries in ../shared")
		}
		defer f.Close()
		var out []string
		for lines := bufio.NewScanner(f); lines.Scan(); {
			out = append(out, strings.Split(lines.Text(), "\t")[0])
		}
		return out[1:]
	}
	for _, name := range names("imap-commands.tsv") {
		if name != "DONE" && name != "X-ATOM" && commands.find([]byte(name)) == nil {
			t.Errorf("no row for the command %s", name)
		}
	}
	for _, name := range names("imap-responses.tsv") {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "n "), "u ")
		if name != "+" && data.find([]byte(name)) == nil && statusOf([]byte(name)) == "" {
			t.Errorf("no row for the response %s", name)
		}
	}
}

// TestPendingIsBounded: a client that never reads costs no memory without end.
func TestPendingIsBounded(t *testing.T) {
	s := New(wire.Options{Sink: &void{}})
	for range 3 * maxPending {
		s.Feed(event.SideClient, []byte("a NOOP\r\n"), start, nil)
	}
	if got := s.Info().Pending; got != maxPending {
		t.Errorf("Info().Pending = %d, want %d", got, maxPending)
	}
}

// TestGap: octets that a recording lacks inside a literal are the literal's;
// behind others lines begin anew.
func TestGap(t *testing.T) {
	p := &tape{}
	s := New(wire.Options{Sink: p})
	s.Feed(event.SideServer, []byte("* PREAUTH ready\r\n* 1 FETCH (BODY[] {100}\r\nabc"), start, nil)
	s.Gap(event.SideServer, 97, start)
	s.Feed(event.SideServer, []byte(")\r\n* 2 FETCH (BODY[] {100}\r\nabc"), start, nil)
	s.Gap(event.SideServer, 120, start)
	s.Feed(event.SideServer, []byte("* 3 EXISTS\r\n* 4 EX"), start, nil)
	s.Gap(event.SideServer, 0, start)
	s.Feed(event.SideServer, []byte("* 5 EXISTS\r\n"), start, nil)
	s.Gap(event.SideServer, 10, start)
	s.Feed(event.SideServer, []byte("of a message\r\n* 6 EXISTS\r\nodd\r\n"), start, nil)
	want := `
		s greeting * PREAUTH 17 authenticated
		s gap - - 97
		s response * FETCH 128 authenticated
		s response * FETCH 125 authenticated
		! the literal is not whole: octets are missing
		s gap - - 120
		s response * EXISTS 12 authenticated
		s response * EX 6 authenticated
		! the line has no end: octets are missing
		s gap - - 0
		s response * EXISTS 12 authenticated
		s gap - - 10
		s octets - - 14 authenticated
		s response * EXISTS 12 authenticated
		s octets - - 5 authenticated`
	if got := squeeze(table2(p.events)); got != squeeze(want) {
		t.Errorf("events are\n%s\nwant\n%s", got, squeeze(want))
	}
	n := len(p.events)
	if remains := p.events[n-3]; remains.Error != "" || remains.Note != wire.Remains {
		t.Errorf("the end of a message behind a gap: error %q, note %q", remains.Error, remains.Note)
	}
	if p.events[n-1].Error == "" {
		t.Error("an odd line long behind a gap has no error")
	}
}

// TestCompressFailure: where inflating fails, what was on the wire goes on record.
func TestCompressFailure(t *testing.T) {
	chunks := []chunk{
		{side: event.SideServer, data: []byte("* PREAUTH ready\r\n")},
		{side: event.SideClient, data: []byte("a COMPRESS DEFLATE\r\n")},
		{side: event.SideServer, data: []byte("a OK go\r\n\xff\xff\xff\xffnot deflate")},
		{side: event.SideServer, data: []byte("nor this")},
	}
	p := record(chunks)
	checkSums(t, chunks, p)
	last := p.events[len(p.events)-1]
	if last.Kind != event.KindOctets || last.Bytes != 8 {
		t.Errorf("the last event is %v of %d bytes", last.Kind, last.Bytes)
	}
	diffLines(t, "recorded", replay(p.items, wire.Options{ID: "AAAAAAAAAA"}).lines(t), p.lines(t))
}

// TestDribbledLine: each piece of a line has the time of its Read.
func TestDribbledLine(t *testing.T) {
	p := &tape{}
	s := New(wire.Options{Sink: p})
	for i, c := range "* OK hi\r\n" {
		s.Feed(event.SideServer, []byte(string(c)), start.Add(time.Duration(i)*time.Second), nil)
	}
	if len(p.items) != 10 {
		t.Fatalf("%d items, want 9 octets and the event", len(p.items))
	}
	for i, item := range p.items[:9] {
		if want := start.Add(time.Duration(i) * time.Second); !item.Octets.Time.Equal(want) {
			t.Errorf("octet %d is of %v, want %v", i, item.Octets.Time, want)
		}
	}
}

// TestEOFOrder: a line without its end goes on record, then the end, then the
// line's event; a second end is none.
func TestEOFOrder(t *testing.T) {
	p := &tape{}
	s := New(wire.Options{Sink: p})
	s.Feed(event.SideServer, []byte("* OK rea"), start, nil)
	s.EOF(event.SideServer, start)
	s.EOF(event.SideServer, start)
	if len(p.items) != 3 || string(p.items[0].Octets.Data) != "* OK rea" || !p.items[1].Octets.End || p.items[2].Event == nil {
		t.Errorf("items are %+v", p.items)
	}
}
