package widget

import "github.com/gdamore/tcell/v2"

// Column is one column of a table.
type Column struct {
	Title    string
	Min, Max int  // columns of the screen; Max 0 takes what is left
	Right    bool // text stands at the right end
	Priority int  // higher goes first where the screen is narrow; 0 never goes
}

// Layout says how wide each column is on a screen of w columns: 0 is left
// out. A blank stands between two columns.
func Layout(columns []Column, w int) []int {
	widths := make([]int, len(columns))
	shown := make([]bool, len(columns))
	for i := range shown {
		shown[i] = true
	}
	for need(columns, shown) > w {
		drop := -1
		for i, c := range columns {
			if shown[i] && c.Priority > 0 && (drop < 0 || c.Priority > columns[drop].Priority) {
				drop = i
			}
		}
		if drop < 0 {
			break
		}
		shown[drop] = false
	}
	left := w - need(columns, shown)
	for i, c := range columns {
		if shown[i] {
			widths[i] = c.Min
		}
	}
	for left > 0 {
		grown := false
		for i, c := range columns {
			if shown[i] && left > 0 && (c.Max == 0 || widths[i] < c.Max) {
				widths[i]++
				left--
				grown = true
			}
		}
		if !grown {
			break
		}
	}
	return widths
}

func need(columns []Column, shown []bool) int {
	total := -1
	for i, c := range columns {
		if shown[i] {
			total += c.Min + 1
		}
	}
	return total
}

// DrawCells draws one row of a table.
func DrawCells(c Canvas, y int, columns []Column, widths []int, cells []Span) {
	x := 0
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		text := Pad(cell.Text, widths[i])
		if columns[i].Right {
			text = PadLeft(cell.Text, widths[i])
		}
		c.Put(x, y, text, cell.Style)
		x += widths[i] + 1
	}
}

// DrawTitles draws a table's head; the column by which it is ordered carries an arrow.
func DrawTitles(c Canvas, columns []Column, widths []int, order int, down bool, style tcell.Style) {
	cells := make([]Span, len(columns))
	for i, col := range columns {
		title := col.Title
		if i == order {
			title = "↑" + title
			if down {
				title = "↓" + col.Title
			}
		}
		cells[i] = Span{title, style}
	}
	c.Fill(style)
	DrawCells(c, 0, columns, widths, cells)
}
