package captures

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// everything is a session with all that a capture has to keep.
func everything(id string) *live {
	l := newLive(id, event.IMAP, newLineSession)
	l.open("192.0.2.1:40000", "198.51.100.7:993")
	l.Emit(&event.Event{Kind: event.KindTLS, Time: l.tick(), TLS: &event.TLS{Side: event.SideServer, Version: "TLS 1.2", Resumed: true}})
	l.ServerLeg([]byte("* CAPABILITY IMAP4rev1"), l.tick())
	l.server("* OK ready\r\n")
	l.client("a1 CAPABILITY\r\na2 NOOP\r\n")
	l.Recorded(&wire.Octets{Side: event.SideServer, Data: []byte("* CAPABILITY IMAP4rev1\r\n"), Time: l.tick(),
		Altered: &wire.Altered{Other: "* CAPABILITY IMAP4rev1 STARTTLS", Bytes: 33}})
	l.server("a1 OK\r\n")
	l.client("a3 STARTTLS\r\n")
	l.Inject(event.SideClient, []byte("a3 OK begin TLS\r\n"), l.tick())
	l.Drop(event.SideClient, []byte("a4 LOGIN alice secret\r\n"), l.tick(), "it came behind the STARTTLS line")
	l.tls(event.SideClient)
	l.Recorded(&wire.Octets{Side: event.SideClient, Data: []byte("a5 LOGIN alice ******\r\n"), Time: l.tick(),
		Secrets: []wire.Secret{{Off: 15, Len: 6, Form: "atom", Mech: "LOGIN", Shape: "an atom of 6 bytes"}}})
	l.server("a5 OK\r\n")
	l.Emit(&event.Event{Kind: event.KindFinding, Time: l.tick(), Finding: &event.Finding{
		ID: "mailtap.test", Severity: event.SeverityWarning, Title: "a \x1b[31mfinding", Evidence: []string{id + ":3"}}})
	for i := range 3 {
		l.server(fmt.Sprintf("* %d FETCH {100000}\r\n%s\r\n", i, bytes.Repeat([]byte("x"), 100000)))
	}
	l.Recorded(&wire.Octets{Side: event.SideServer, Data: []byte("* inflated\r\n"), Time: l.tick(), Deflate: true})
	l.Recorded(&wire.Octets{Side: event.SideClient, Data: []byte("\x00\xffraw\n"), Time: l.tick(), Raw: true})
	l.client("a6 LOGO") // no end
	l.close()
	l.Emit(&event.Event{Kind: event.KindFinding, Time: l.tick(), Finding: &event.Finding{ID: "mailtap.late", Severity: event.SeverityInfo}})
	return l
}

// What was recorded is read back: the same events, the same octets.
func TestRoundTrip(t *testing.T) {
	one, two := everything("AAAAAAAAAA"), everything("BBBBBBBBBB")
	for _, size := range []int{1, 3, 1000} {
		var batches [][]wire.Item
		for i := 0; i < max(len(one.items), len(two.items)); i += size {
			batches = append(batches, part(one.items, i, size), part(two.items, i, size))
		}
		path := record(t, Options{}, batches...)
		for _, l := range []*live{one, two} {
			compareItems(t, mustRead(t, path+"#"+l.id, newLineSession), l.items)
		}
	}
}

// What is read from elsewhere with gaps in it keeps them when it is written.
func TestGaps(t *testing.T) {
	l := newLive("AAAAAAAAAA", event.POP3, newLineSession)
	l.open("127.0.0.1:40000", "127.0.0.1:995")
	l.Gap(event.SideServer, 0, l.tick())
	l.Gap(event.SideClient, 0, l.tick())
	l.server("+OK\r\n")
	l.Gap(event.SideServer, 500, l.tick())
	l.client("NOOP\r\n")
	l.Gap(event.SideClient, 7, l.tick())
	l.Gap(event.SideServer, 1, l.tick())
	l.server("+OK\r\n")
	l.close()
	compareItems(t, mustRead(t, record(t, Options{}, l.items), newLineSession), l.items)
}

// A capture from which somebody took a packet away has a gap there.
func TestPacketTakenAway(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	whole := mustReadFile(t, record(t, Options{}, l.items))
	at := bytes.Index(whole, []byte("QUIT\r\n"))
	start := 0
	for off := 0; off < at; off += blockLen(whole, off) {
		start = off
	}
	without := append(bytes.Clone(whole[:start]), whole[start+blockLen(whole, start):]...)
	gaps := 0
	for _, item := range mustRead(t, writeTemp(t, without), newLineSession) {
		if e := item.Event; e != nil && e.Kind == event.KindGap {
			gaps += int(e.Bytes)
		}
	}
	if gaps != 6 {
		t.Errorf("%d octets are missing, want 6", gaps)
	}
}

func part(items []wire.Item, i, n int) []wire.Item {
	return items[min(i, len(items)):min(i+n, len(items))]
}

// A capture that was cut anywhere reads up to its last whole block.
func TestCutAtEveryOctet(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	l := newLive("AAAAAAAAAA", event.POP3, newLineSession)
	l.open("[2001:db8::1]:40000", "198.51.100.7:995")
	l.server("+OK\r\n")
	l.client("QUIT\r\n")
	l.server("+OK bye\r\n")
	l.close()
	path := record(t, Options{}, l.items)
	whole := mustReadFile(t, path)
	want := eventLines(t, mustRead(t, path, newLineSession))
	cut := filepath.Join(t.TempDir(), "cut.pcapng")
	before := 0
	for n := range len(whole) {
		if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		items, err := read(t, cut, newLineSession)
		if n == 0 {
			if err == nil {
				t.Fatal("an empty file was read")
			}
			continue
		}
		if !blockEdge(t, whole, n) {
			mustBeCut(t, err)
		} else if err != nil {
			t.Fatalf("cut at %d, a block's edge: %v", n, err)
		}
		got := eventLines(t, items)
		if len(got) < before || len(got) > len(want) {
			t.Fatalf("cut at %d there are %d events, %d before", n, len(got), before)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("cut at %d, event %d is %s, want %s", n, i, got[i], want[i])
			}
		}
		before = len(got)
	}
	if before < len(want)-1 {
		t.Fatalf("only %d of %d events came before the last octet", before, len(want))
	}
}

// blockEdge walks over the lengths of blocks, as they stand in the file.
func blockEdge(t *testing.T, whole []byte, n int) bool {
	t.Helper()
	for off := 0; off <= n; {
		if off == n {
			return true
		}
		off += blockLen(whole, off)
	}
	return false
}

func blockLen(whole []byte, off int) int {
	return int(binary.LittleEndian.Uint32(whole[off+4:]))
}
