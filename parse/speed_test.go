package parse

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// nobody is a sink that looks at nothing, as a proxy without a log.
type nobody struct{}

func (nobody) Octets(*wire.Octets) {}
func (nobody) Event(*event.Event)  {}

// A flow is what a server sends in answer to a command, in a session that is
// as far as that takes.
type flow struct {
	name    string
	proto   event.Proto
	begin   []string // "C: " and "S: ", until the flow comes
	command string   // given before each round
	data    []byte
	lines   int     // messages in it
	most    float64 // allocations a message
}

// repeated is line for the messages 1 to n, and what ends it.
func repeated(n int, line, end string) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, line, i+1, i+1)
	}
	return append(b.Bytes(), end...)
}

var selected = []string{"S: * PREAUTH ready", "C: s SELECT INBOX", "S: * 1000 EXISTS", "S: s OK [READ-WRITE] done"}

const structure = `* %d FETCH (UID %d ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700" "IMAP4rev2 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.ed>") BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "7BIT" 1152 23 NIL NIL NIL NIL)("TEXT" "HTML" ("CHARSET" "UTF-8") NIL NIL "QUOTED-PRINTABLE" 4554 73 NIL NIL NIL NIL) "ALTERNATIVE" ("BOUNDARY" "xyz") NIL NIL NIL))` + "\r\n"

func flows() []flow {
	text := bytes.Repeat([]byte("A line of a message's text, which is about as long as they are.\r\n"), 500)
	text = append([]byte("Subject: x\r\n\r\n"), text...)
	literal := fmt.Sprintf("* %%d FETCH (UID %%d BODY[] {%d}\r\n%s)\r\n", len(text), text)
	return []flow{
		{"FetchFlags", event.IMAP, selected, "a FETCH 1:* FLAGS\r\n", repeated(1000, "* %d FETCH (FLAGS (\\Seen \\Answered) UID %d)\r\n", "a OK done\r\n"), 1000, 4.6},
		{"FetchStructure", event.IMAP, selected, "a FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n", repeated(200, structure, "a OK done\r\n"), 200, 45},
		{"FetchLiteral", event.IMAP, selected, "a FETCH 1:* BODY[]\r\n", repeated(50, literal, "a OK done\r\n"), 50, 11},
		{"Retr", event.POP3, []string{"S: +OK ready", "C: USER a", "S: +OK", "C: PASS b", "S: +OK"}, "RETR 1\r\n",
			append([]byte("+OK\r\n"), append(text, ".\r\n"...)...), 1, 29},
	}
}

// start brings a session to where the flow may come.
func (f *flow) start() wire.Session {
	s := New(f.proto, wire.Options{ID: "0123456789", Sink: nobody{}})
	for _, l := range f.begin {
		side := event.SideServer
		if l[0] == 'C' {
			side = event.SideClient
		}
		s.Feed(side, []byte(l[3:]+"\r\n"), time.Time{}, nil)
	}
	return s
}

// round is the command, and its flow in Reads of 32 KiB.
func (f *flow) round(s wire.Session) {
	s.Feed(event.SideClient, []byte(f.command), time.Time{}, nil)
	for rest := f.data; len(rest) > 0; {
		n := min(32<<10, len(rest))
		s.Feed(event.SideServer, rest[:n], time.Time{}, nil)
		rest = rest[n:]
	}
}

// BenchmarkSession is whole sessions: what the proxy does with what passes by,
// findings and behaviour with it.
func BenchmarkSession(b *testing.B) {
	for _, f := range flows() {
		b.Run(f.name, func(b *testing.B) {
			s := f.start()
			defer s.Close()
			b.SetBytes(int64(len(f.data)))
			b.ReportAllocs()
			for b.Loop() {
				f.round(s)
			}
		})
	}
}

// TestSessionAllocations holds what a message costs on its way through a session.
func TestSessionAllocations(t *testing.T) {
	for _, f := range flows() {
		s := f.start()
		f.round(s)
		each := testing.AllocsPerRun(10, func() { f.round(s) }) / float64(f.lines)
		t.Logf("%s: %.1f allocations a message", f.name, each)
		if each > f.most {
			t.Errorf("%s takes %.1f allocations a message, want at most %v", f.name, each, f.most)
		}
		s.Close()
	}
}
