package widget

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// TestFirst: a character is as wide here as on every terminal.
func TestFirst(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
		width            int
	}{
		{"ascii", "ab", "ab", 2},
		{"wide", "日本", "日本", 4},
		{"marks", "e\u0301x", "e\u0301x", 2},
		{"too many marks", "e" + strings.Repeat("\u0301", 500) + "x", "e\u0301\u0301\u0301x", 2},
		{"a family", "👩\u200d👧x", "👩👧x", 5},
		{"a flag", "🇩🇪x", "DEx", 3},
		{"a skin", "👍\U0001f3fdx", "👍x", 3},
		{"a variant", "❤\ufe0fx", "❤x", 2},
		{"bidi", "a\u202eb\u2066c", "abc", 3},
		{"controls", "\x1b[2J\x9b\x00", "·[2J··", 6},
		{"not UTF-8", "\xff\xfea\xc3", "··a·", 4},
		{"a lone mark", "\u0301", "", 0},
		{"Hangul", "\u1112\u1161\u11ab", "\u1112\u1161\u11ab", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, width := "", 0
			for rest := tt.text; rest != ""; {
				var shown string
				var n int
				shown, n, rest = first(rest)
				if n > 0 {
					got += shown
				}
				width += n
			}
			if got != tt.want || width != tt.width || Width(tt.text) != width {
				t.Errorf("%q is drawn as %q, %d columns (Width: %d); want %q, %d", tt.text, got, width, Width(tt.text), tt.want, tt.width)
			}
		})
	}
}

// high are rows of one height, in letters.
type high struct{ n, h int }

func (r high) Len() int            { return r.n }
func (r high) Height(i, w int) int { return r.h }
func (r high) Draw(c Canvas, i int, selected bool) {
	for y := range r.h {
		c.Put(0, y, string(rune('a'+i))+string(rune('0'+y)), tcell.StyleDefault)
	}
}

// TestListScrollsHighRows: a row that is higher than the screen is scrolled
// through before the cursor leaves it.
func TestListScrollsHighRows(t *testing.T) {
	s := tcell.NewSimulationScreen("UTF-8")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	defer s.Fini()
	s.SetSize(4, 3)
	var l List
	rows := high{2, 5}
	for _, step := range []struct {
		move int
		want string
	}{{0, "a0"}, {1, "a1"}, {1, "a2"}, {1, "b0"}, {5, "b2"}, {-1, "b1"}, {-9, "b0"}, {-1, "a0"}} {
		if step.move != 0 {
			l.Move(step.move, rows.Len())
		}
		s.Clear()
		l.Draw(Whole(s), rows)
		a, _, _ := s.Get(0, 0)
		b, _, _ := s.Get(1, 0)
		if got := a + b; got != step.want {
			t.Errorf("after %+d the screen begins with %q, want %q", step.move, got, step.want)
		}
	}
}
