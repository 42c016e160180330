package view

import (
	"math/rand"
	"testing"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// hostile are texts that no terminal should get as they are.
var hostile = []string{
	"\x1b]52;c;aGVsbG8=\x07", "\x1b[2J", "a\tb", "\u202eevil\u202c", "日本語のメール", "e\u0301\u0301\u0301", "👩‍👩‍👧‍👦", "שלום עולם",
	"\xff\xfe", string([]byte{0}), "a\u200bb", "", "\n\n", "🇩🇪🇫", "\u0301",
}

// TestMonkey presses random keys, moves the mouse and changes the size, with
// hostile text on the screen: nothing may panic, and no control character may
// reach a cell.
func TestMonkey(t *testing.T) {
	t.Chdir(t.TempDir()) // it finds the key that saves
	for seed := range int64(15) {
		r := rand.New(rand.NewSource(seed))
		a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), hostileSession(r))
		for _, key := range "abcdefghij" { // a menu that low screens have no room for
			a.options.Actions.Exports = append(a.options.Actions.Exports, Export{Key: key, Title: hostile[int(key)%len(hostile)], Name: "%s", Do: func([]string, string) error { return nil }})
		}
		var names []string
		for i := range bindings {
			names = append(names, bindings[i].keys...)
		}
		for range 80 {
			switch r.Intn(12) {
			case 0:
				s.SetSize(1+r.Intn(130), 1+r.Intn(45))
				a.Handle(tcell.NewEventResize(s.Size()))
			case 1:
				a.Handle(tcell.NewEventMouse(r.Intn(130), r.Intn(45), []tcell.ButtonMask{tcell.Button1, tcell.WheelDown, tcell.WheelUp}[r.Intn(3)], 0))
				a.Handle(tcell.NewEventMouse(0, 0, tcell.ButtonNone, 0)) // the button is let go
			case 2:
				a.Add(Batch{Items: hostileSession(r)})
			case 3:
				press(a, string(rune(' '+r.Intn(95))))
			default:
				name := names[r.Intn(len(names))]
				if name == "Ctrl+Z" || name == "Q" || name == "Ctrl+C" || name == "w" {
					continue
				}
				press(a, name)
			}
			a.quit = false
			clean(t, s)
		}
	}
}

// clean looks for control characters in cells.
func clean(t *testing.T, s tcell.SimulationScreen) {
	t.Helper()
	w, h := s.Size()
	for y := range h {
		for x := range w {
			text, _, _ := s.Get(x, y)
			for _, c := range text {
				if c < 0x20 || c >= 0x7f && c < 0xa0 || c == '\u202e' {
					t.Fatalf("a cell at %d,%d holds %q", x, y, text)
				}
			}
		}
	}
}

func hostileSession(r *rand.Rand) []wire.Item {
	pick := func() string { return hostile[r.Intn(len(hostile))] + hostile[r.Intn(len(hostile))] }
	id := string(rune('a' + r.Intn(26)))
	c := &event.Context{Session: id, Proto: event.POP3, User: pick(), Mailbox: pick(), ClientID: pick()}
	var items []wire.Item
	for i := range 20 {
		e := &event.Event{Context: c, Time: at(i), Seq: int64(i + 1), Kind: event.KindResponse, Dir: event.SideServer, Status: "+OK", For: "RETR", Cmd: int64(i), Completes: i%2 == 0,
			Text: pick() + pick() + pick(), Note: pick(), Error: pick(), Bytes: int64(r.Intn(5)), Data: map[string]any{pick(): pick()}, Altered: i%5 == 0, Other: pick()}
		items = append(items, wire.Item{Session: id, Event: e}, wire.Item{Session: id, Octets: &wire.Octets{Side: event.SideServer, Data: []byte(pick()), Time: at(i)}})
	}
	f := &event.Event{Context: c, Time: at(20), Kind: event.KindFinding, Finding: &event.Finding{ID: pick(), Title: pick(), Advice: pick(), Severity: event.SeverityError, Evidence: []string{id + ":3", "x:y"}}}
	return append(items, wire.Item{Session: id, Event: f})
}
