// Package widget draws on a tcell screen: a clipped canvas, a list, a table,
// wrapped text, an input line and a menu. Widgets keep no copy of what they
// show: each is drawn anew from its owner's state, and tcell sends only the
// cells that differ.
//
// Nothing that is drawn is trusted: control characters never reach a cell.
package widget

import (
	"unicode"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// Canvas is a rectangle of a screen; what is drawn outside it is cut off.
type Canvas struct {
	screen     tcell.Screen
	x, y, W, H int // columns and rows
	above      int // rows that are hidden above the first
}

// Whole is the canvas of the whole screen.
func Whole(s tcell.Screen) Canvas {
	w, h := s.Size()
	return Canvas{screen: s, W: w, H: h}
}

// Sub is the part of c at column x and row y, w columns wide and h rows high,
// cut to what c has.
func (c Canvas) Sub(x, y, w, h int) Canvas {
	x, y = min(max(x, 0), c.W), min(max(y, 0), c.H)
	return Canvas{screen: c.screen, x: c.x + x, y: c.y + y, W: max(0, min(w, c.W-x)), H: max(0, min(h, c.H-y))}
}

// Scrolled is c with its first n rows hidden: its row n stands where its row 0
// stood.
func (c Canvas) Scrolled(n int) Canvas {
	c.above += n
	return c
}

// Row is row y of c.
func (c Canvas) Row(y int) Canvas { return c.Sub(0, y, c.W, 1) }

// Fill sets every cell of c to a blank in style.
func (c Canvas) Fill(style tcell.Style) {
	for y := range c.H {
		for x := range c.W {
			c.screen.Put(c.x+x, c.y+y, " ", style)
		}
	}
}

// Put draws text at column x of row y and gives the column behind it. What
// does not fit is left away; a wide character that would be halved becomes a blank.
func (c Canvas) Put(x, y int, text string, style tcell.Style) int {
	if y -= c.above; y < 0 || y >= c.H {
		return x
	}
	for len(text) > 0 && x < c.W {
		var cluster string
		var width int
		cluster, width, text = first(text)
		if width == 0 {
			continue
		}
		if x+width > c.W {
			c.screen.Put(c.x+x, c.y+y, " ", style)
			return c.W
		}
		if x >= 0 {
			c.screen.Put(c.x+x, c.y+y, cluster, style)
		}
		x += width
	}
	return x
}

// PutRight draws text so that it ends before column x, and gives its first column.
func (c Canvas) PutRight(x, y int, text string, style tcell.Style) int {
	at := x - Width(text)
	c.Put(at, y, text, style)
	return at
}

// Restyle changes the style of the cells of row y from column x on, w columns.
func (c Canvas) Restyle(x, y, w int, change func(tcell.Style) tcell.Style) {
	if y -= c.above; y < 0 || y >= c.H {
		return
	}
	for i := max(x, 0); i < min(x+w, c.W); i++ {
		text, style, _ := c.screen.Get(c.x+i, c.y+y)
		if text == "" {
			text = " "
		}
		c.screen.Put(c.x+i, c.y+y, text, change(style))
	}
}

// Cursor shows the terminal's cursor at a cell of c.
func (c Canvas) Cursor(x, y int) { c.screen.ShowCursor(c.x+x, c.y+y) }

// Contains tells whether a screen position is in c, and where.
func (c Canvas) Contains(x, y int) (col, row int, ok bool) {
	col, row = x-c.x, y-c.y
	return col, row, col >= 0 && row >= 0 && col < c.W && row < c.H
}

// mostMarks is how many combining marks a character keeps: more of them would
// be drawn across the lines above.
const mostMarks = 3

// first takes the first character from text: what may be drawn for it, and how
// many columns that takes. Terminals do not agree on how wide characters are
// that join others (emoji of several people, flags, variants), so such are
// taken apart: a row must not be longer on one terminal than on another.
func first(text string) (shown string, width int, rest string) {
	if c := text[0]; c >= 0x20 && c < 0x7f && (len(text) == 1 || text[1] < 0x80) {
		return text[:1], 1, text[1:]
	}
	cluster, rest, width, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	end, marks, apart := 0, 0, false
	for i, r := range cluster {
		switch {
		case i == 0:
		case joins(r):
			apart = true
		case !unicode.Is(unicode.M, r): // Hangul's letters make one syllable
			continue
		default:
			marks++
		}
		if apart {
			break
		}
		if marks <= mostMarks {
			_, n := utf8.DecodeRuneInString(cluster[i:])
			end = i + n
		}
	}
	switch {
	case apart:
		shown, rest = cluster[:max(end, 1)], text[max(end, 1):]
		_, _, width, _ = uniseg.FirstGraphemeClusterInString(shown, -1)
	case marks > mostMarks:
		shown = cluster[:end]
	default:
		shown = cluster
	}
	shown, width = safe(shown, width)
	return shown, width, rest
}

// joins tells whether r makes one character of what stands around it, or
// another of what stands before it.
func joins(r rune) bool {
	return r == 0x200d || r >= 0xfe00 && r <= 0xfe0f || flag(r) || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

// flag tells whether r is one of the two letters that make a flag.
func flag(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// safe is a cluster that may be drawn: controls become a dot, the letters of
// flags letters, and what only says how others are drawn nothing.
func safe(cluster string, width int) (string, int) {
	for i, r := range cluster {
		switch {
		case r == '\t':
			return " ", 1
		case unicode.Is(unicode.Cc, r), r == unicode.ReplacementChar:
			return "·", 1
		case flag(r):
			return string('A' + r - 0x1f1e6), 1
		case unicode.Is(unicode.Cf, r), i == 0 && joins(r):
			return "", 0
		}
	}
	return cluster, width
}

// Width is how many columns text takes.
func Width(text string) int {
	ascii := true
	for i := range len(text) {
		if text[i] < 0x20 || text[i] >= 0x7f {
			ascii = false
			break
		}
	}
	if ascii {
		return len(text)
	}
	total := 0
	for len(text) > 0 {
		var width int
		_, width, text = first(text)
		total += width
	}
	return total
}

// Cut is text cut to w columns; where something was cut it ends in "…".
func Cut(text string, w int) string {
	if Width(text) <= w {
		return text
	}
	if w <= 0 {
		return ""
	}
	head, _ := Split(text, w-1)
	return head + "…"
}

// Split cuts text behind at most w columns, never inside a character.
func Split(text string, w int) (head, rest string) {
	rest = text
	used := 0
	for len(rest) > 0 {
		_, width, after := first(rest)
		if used+width > w {
			break
		}
		used += width
		rest = after
	}
	return text[:len(text)-len(rest)], rest
}

// Skip is text without its first n columns.
func Skip(text string, n int) string {
	if n <= 0 {
		return text
	}
	_, rest := Split(text, n)
	return rest
}
