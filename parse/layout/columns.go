package layout

import "strings"

// Columns sets cells beside each other, each wrapped in its own column of so
// many columns of the terminal, one of them blank. No row ends in blanks.
func Columns(widths []int, cells ...string) []string {
	wrapped, rows := make([][]string, len(cells)), 0
	for i, cell := range cells {
		wrapped[i] = Wrap(cell, widths[i]-1)
		rows = max(rows, len(wrapped[i]))
	}
	lines := make([]string, rows)
	for n := range lines {
		var line strings.Builder
		for i, cell := range wrapped {
			text := ""
			if n < len(cell) {
				text = cell[n]
			}
			line.WriteString(Pad(text, widths[i]))
		}
		lines[n] = strings.TrimRight(line.String(), " ")
	}
	return lines
}
