package syntax

import "testing"

const (
	flagsLine    = "* 12345 FETCH (UID 67890 FLAGS (\\Seen \\Answered $Forwarded))\r\n"
	envelopeLine = `* 12 FETCH (UID 812 FLAGS (\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 4286 ` +
		`ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.example.com")) ` +
		`(("Terry Gray" NIL "gray" "cac.example.com")) (("Terry Gray" NIL "gray" "cac.example.com")) ((NIL NIL "imap" "cac.example.com")) ` +
		`((NIL NIL "minutes" "cnri.example.com")("John Klensin" NIL "klensin" "example.org")) NIL NIL "<B27397-0100000@cac.example.com>") ` +
		`BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "QUOTED-PRINTABLE" 1152 23 NIL NIL NIL NIL)` +
		`("TEXT" "HTML" ("CHARSET" "UTF-8") NIL NIL "QUOTED-PRINTABLE" 4554 73 NIL NIL NIL NIL) "ALTERNATIVE" ("BOUNDARY" "----=_Part_1234") NIL NIL NIL))` + "\r\n"
	searchLine = "* SEARCH 2 84 882 1201 1202 1203 1204 1205 1206 1207 1208 1209 1210\r\n"
	statusLine = "a0042 OK [READ-WRITE] Select completed (0.001 + 0.000 secs).\r\n"
	fetchLine  = "a42 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])\r\n"
)

func BenchmarkResponse(b *testing.B) {
	for _, bb := range []struct{ name, line string }{
		{"FETCH-FLAGS", flagsLine}, {"ENVELOPE-BODYSTRUCTURE", envelopeLine}, {"SEARCH", searchLine}, {"status", statusLine},
	} {
		b.Run(bb.name, func(b *testing.B) {
			m := Message{Data: []byte(bb.line)}
			b.SetBytes(int64(len(bb.line)))
			b.ReportAllocs()
			for b.Loop() {
				if r := Response(m); r.Err != nil {
					b.Fatal(r.Err)
				}
			}
		})
	}
}

func BenchmarkCommand(b *testing.B) {
	m := Message{Data: []byte(fetchLine)}
	b.SetBytes(int64(len(fetchLine)))
	b.ReportAllocs()
	for b.Loop() {
		if c := Command(m); c.Err != nil {
			b.Fatal(c.Err)
		}
	}
}

// TestAllocations keeps what a line costs from creeping up.
func TestAllocations(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		ceiling    float64
	}{
		{"FETCH-FLAGS", flagsLine, 3}, {"ENVELOPE-BODYSTRUCTURE", envelopeLine, 45}, {"status", statusLine, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Message{Data: []byte(tt.line)}
			got := testing.AllocsPerRun(100, func() { Response(m) })
			if got > tt.ceiling {
				t.Errorf("%q costs %v allocations, want at most %v", tt.line, got, tt.ceiling)
			}
		})
	}
}
