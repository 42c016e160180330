package layout

import "strings"

// Row is one row of a text with its note.
type Row struct {
	Text string
	Gap  string // blanks between
	Note string
}

// The limits of a note's own column.
const (
	noteLines = 2  // more of them stand below
	noteRoom  = 24 // with fewer columns there is no such column
	hang      = 2  // of a note that stands below
)

// Arrange puts a note beside a text, or below it, in room columns: in a column
// of its own that begins at column if the text leaves room for it, else behind
// the text if both fit into one row, else in rows of its own.
func Arrange(text, note string, room, column int) []Row {
	var rows []Row
	for _, line := range Wrap(text, room) {
		rows = append(rows, Row{Text: line})
	}
	if note == "" {
		return rows
	}
	used := Width(rows[0].Text)
	if len(rows) == 1 && used+2 <= column && room-column >= noteRoom {
		if lines := Wrap(note, room-column); len(lines) <= noteLines {
			return beside(rows, lines, column, used)
		}
	}
	if len(rows) == 1 && used+2+Width(note) <= room {
		rows[0].Gap, rows[0].Note = "  ", note
		return rows
	}
	for _, line := range Wrap(note, room-hang) {
		rows = append(rows, Row{Gap: blanks(hang), Note: line})
	}
	return rows
}

// beside puts lines into the column beside a text of one row.
func beside(rows []Row, lines []string, column, used int) []Row {
	rows[0].Gap, rows[0].Note = blanks(column-used), lines[0]
	for _, line := range lines[1:] {
		rows = append(rows, Row{Gap: blanks(column), Note: line})
	}
	return rows
}

func blanks(n int) string { return strings.Repeat(" ", n) }
