package widget

import (
	"strings"

	"github.com/gdamore/tcell/v2"
)

// Span is a piece of text in one style.
type Span struct {
	Text  string
	Style tcell.Style
}

// Line is a line of spans.
type Line []Span

// Draw draws l at column x of row y and gives the column behind it.
func (l Line) Draw(c Canvas, x, y int) int {
	for _, s := range l {
		x = c.Put(x, y, s.Text, s.Style)
	}
	return x
}

// Wrap breaks text into lines of at most w columns, at spaces where it can; a
// line end in text ends a line. It gives at most limit lines (0: no limit).
func Wrap(text string, w, limit int) []string {
	if w <= 0 {
		return nil
	}
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		for first := true; first || paragraph != ""; first = false {
			if limit > 0 && len(lines) == limit {
				last := lines[limit-1]
				lines[limit-1] = Cut(last+"…", w)
				return lines
			}
			var head string
			head, paragraph = breakLine(paragraph, w)
			lines = append(lines, head)
		}
	}
	return lines
}

// breakLine takes one line of at most w columns from text, whose rest it gives
// without the space at which it was broken.
func breakLine(text string, w int) (line, rest string) {
	if Width(text) <= w {
		return text, ""
	}
	head, tail := Split(text, w)
	if head == "" { // a character wider than the canvas
		_, tail = Split(text, 2)
		return "", tail
	}
	if tail[0] == ' ' {
		return head, tail[1:]
	}
	if i := strings.LastIndexByte(head, ' '); i > w/3 {
		return head[:i], text[i+1:]
	}
	return head, tail
}

// Pad is text cut or filled with spaces to w columns.
func Pad(text string, w int) string {
	text = Cut(text, w)
	return text + strings.Repeat(" ", max(0, w-Width(text)))
}

// PadLeft is Pad with the spaces before the text.
func PadLeft(text string, w int) string {
	text = Cut(text, w)
	return strings.Repeat(" ", max(0, w-Width(text))) + text
}
