// Package layout fits text into columns: the log for people, the transcript
// and the viewer cut and wrap alike. Text is taken as one line of characters
// without controls (see wire.Escape); columns are those of a terminal, where
// some characters take two and some none.
package layout

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Width is how many columns text takes.
func Width(text string) int {
	if plain(text) {
		return len(text)
	}
	return uniseg.StringWidth(text)
}

// Cut is text in at most columns columns; where something was left out it ends in "…".
func Cut(text string, columns int) string {
	if Width(text) <= columns {
		return text
	}
	if columns < 1 {
		return ""
	}
	head, _ := split(text, columns-1)
	return head + "…"
}

// Pad is text followed by blanks up to columns columns.
func Pad(text string, columns int) string {
	if n := columns - Width(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// Wrap breaks text at its blanks into lines of at most columns columns. A word
// that is longer is broken where it has to be. There is at least one line.
func Wrap(text string, columns int) []string {
	columns = max(columns, 1)
	var lines []string
	for Width(text) > columns {
		head, tail := split(text, columns)
		if at := strings.LastIndexByte(head, ' '); at > 0 && !strings.HasPrefix(tail, " ") {
			head, tail = text[:at], text[at:]
		}
		if head == "" { // one character is wider than the line
			head, tail = split(text, columns+1)
		}
		if head == "" {
			break
		}
		lines = append(lines, strings.TrimRight(head, " "))
		text = strings.TrimLeft(tail, " ")
	}
	if text != "" || len(lines) == 0 {
		lines = append(lines, text)
	}
	return lines
}

// split cuts text behind the last character that fits into columns columns.
func split(text string, columns int) (head, tail string) {
	if plain(text) {
		n := min(columns, len(text))
		return text[:n], text[n:]
	}
	taken, rest, state := 0, text, -1
	for rest != "" {
		var width int
		_, next, w, s := uniseg.FirstGraphemeClusterInString(rest, state)
		width, state = w, s
		if taken+width > columns {
			break
		}
		taken += width
		rest = next
	}
	return text[:len(text)-len(rest)], rest
}

// plain reports whether text is ASCII alone: a column a character.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
