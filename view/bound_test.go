package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// newBoundApp is a live viewer whose lines may take so many octets.
func newBoundApp(t *testing.T, most int64, l Library) *App {
	t.Helper()
	a := New(newScreen(t, 80, 24), Options{Live: true, Library: l, Lines: most, Now: func() time.Time { return at(4000) }})
	t.Cleanup(a.leave)
	return a
}

// ended is the sample, closed.
func ended(id string) []wire.Item {
	items := sample(id)
	last := *items[len(items)-1].Event
	last.Kind, last.Finding, last.After, last.Seq, last.Close = event.KindSessionClose, nil, 0, 13, &event.Close{}
	return append(items, wire.Item{Session: id, Event: &last})
}

// A live viewer holds no more lines than it may, however many sessions come:
// those of the sessions that ended first go, and that is said.
func TestLinesAreBounded(t *testing.T) {
	const most = 100_000
	a := newBoundApp(t, most, nil)
	for i := range 500 {
		a.Add(Batch{Items: ended(fmt.Sprintf("S%09d", i))})
		sum := int64(0)
		for _, s := range a.model.Sessions {
			for _, r := range s.Rows {
				if r.Event.Kind != event.KindLog {
					sum += weigh(r.Event)
				}
			}
		}
		if sum > most {
			t.Fatalf("after %d sessions lines take %d octets, allowed are %d", i+1, sum, most)
		}
	}
	press(a, "g", "Enter")
	wants(t, a.screen.(tcell.SimulationScreen), "14 lines before this are no longer held")
	if first, last := a.model.Sessions[0], a.model.Sessions[499]; len(first.Rows) != 1 || len(last.Rows) != 14 {
		t.Errorf("the first session has %d rows, the last %d", len(first.Rows), len(last.Rows))
	}
}

// One session that never ends loses its oldest lines; the cursor, the partners
// and the filter hold.
func TestLinesOfAnOpenSessionAreBounded(t *testing.T) {
	const most = 1_000_000
	a := newBoundApp(t, most, nil)
	a.setFilter(`event == "command"`)
	items := million(20_000)
	a.Add(Batch{Items: items[:200]})
	a.finish()
	press(a, "Enter", "g")
	for items = items[200:]; len(items) > 0; items = items[100:] {
		a.Add(Batch{Items: items[:100]})
		a.finish()
		a.Draw()
		if a.model.lines > most {
			t.Fatalf("lines take %d octets, allowed are %d", a.model.lines, most)
		}
	}
	s := a.model.Sessions[0]
	if told := s.Rows[0].Event.Message; !strings.HasPrefix(told, fmt.Sprint(20_000-len(s.Rows)+1)+" lines before") {
		t.Errorf("of 20000 lines %d rows are held, and the first says %q", len(s.Rows), told)
	}
	for _, row := range s.matches.rows {
		if s.Rows[row].Event.Kind != event.KindCommand {
			t.Fatalf("row %d is shown: %s", row, s.Rows[row].Event.Text)
		}
	}
	if last := s.Rows[len(s.Rows)-1].Event; last.Seq != 20_000 {
		t.Errorf("the last row is %d", last.Seq)
	}
}

// With a recording the lines that were let go of are read again.
func TestBoundedLinesAreReadBack(t *testing.T) {
	l := newShelfLibrary(50)
	a := newBoundApp(t, 100_000, l)
	for _, id := range l.order {
		l.sessions[id] = ended(id)
		a.Add(Batch{Items: l.sessions[id]})
	}
	if s := a.model.Sessions[0]; s.here() || len(s.Rows) != 0 {
		t.Fatalf("the first of 50 sessions still has %d rows", len(s.Rows))
	}
	press(a, "g", "Enter")
	a.finish()
	a.Draw()
	wants(t, a.screen.(tcell.SimulationScreen), "a1 LOGIN alice@example.org")
	if l.loads != 1 {
		t.Errorf("%d sessions were read", l.loads)
	}
}

// A list that loses sessions while it is filtered has all others filtered.
func TestShortenWhileFiltering(t *testing.T) {
	a := newBoundApp(t, 0, nil)
	for i := range 40 {
		a.Add(Batch{Items: ended(fmt.Sprintf("S%09d", i))})
	}
	a.setFilter(`event == "command"`)
	for at, _ := a.job.far(); at < 20; at, _ = a.job.far() {
		a.job.step()
	}
	a.shorten(20)
	a.finish()
	if n := len(a.model.Sessions); n != 20 {
		t.Fatalf("%d sessions are left", n)
	}
	for _, s := range a.model.Sessions {
		if !a.shows(s) {
			t.Errorf("session %s is not shown", s.ID)
		}
	}
}
