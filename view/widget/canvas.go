// Package widget draws on a tcell screen: a clipped canvas, a list, a table,
// wrapped text, an input line and a menu. Widgets keep no copy of what they
// show: each is drawn anew from its owner's state, and tcell sends only the
// cells that differ.
//
// Nothing that is drawn is trusted: control characters never reach a cell.
package widget

import (
	"unicode"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// Canvas is a rectangle of a screen; what is drawn outside it is cut off.
type Canvas struct {
	screen     tcell.Screen
	x, y, W, H int // columns and rows
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
	if y < 0 || y >= c.H {
		return x
	}
	state := -1
	for len(text) > 0 && x < c.W {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		cluster, width = safe(cluster, width)
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
	if y < 0 || y >= c.H {
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

// safe is a cluster that may be drawn: controls and lone marks become a dot,
// bidirectional controls nothing.
func safe(cluster string, width int) (string, int) {
	for _, r := range cluster {
		switch {
		case r == '\t':
			return " ", 1
		case unicode.Is(unicode.Cc, r), r == unicode.ReplacementChar:
			return "·", 1
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
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
	total, state := 0, -1
	for len(text) > 0 {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		_, width = safe(cluster, width)
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
	used, state := 0, -1
	for len(rest) > 0 {
		cluster, after, width, next := uniseg.FirstGraphemeClusterInString(rest, state)
		_, width = safe(cluster, width)
		if used+width > w {
			break
		}
		used += width
		rest, state = after, next
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
