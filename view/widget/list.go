package widget

// List is the cursor and the scroll position of a column of rows of any
// height. It holds no rows: its owner says how many there are, how high each
// is and how one is drawn, so that only what is on the screen is looked at.
type List struct {
	Cursor int  // the row that is selected
	Follow bool // the cursor stays on the last row as rows come

	top  int // the first row on the screen
	page int // rows that were on the screen when it was last drawn
	skip int // of the cursor's row: rows of the screen that are hidden above, where it is higher than that
	tall int // how far skip can go
	of   int // the row that skip is of
}

// Rows is what a List shows.
type Rows interface {
	Len() int
	Height(i, width int) int // rows of the screen, at least 1
	Draw(c Canvas, i int, selected bool)
}

// Draw shows rows on c with the cursor's row in sight.
func (l *List) Draw(c Canvas, rows Rows) {
	n := rows.Len()
	if l.Follow {
		l.Cursor = n - 1
	}
	l.Cursor = max(0, min(l.Cursor, n-1))
	if n == 0 || c.H == 0 {
		l.top = 0
		return
	}
	l.settle(c, rows, n)
	if l.of != l.Cursor {
		l.of, l.skip = l.Cursor, 0
	}
	l.tall = max(0, rows.Height(l.Cursor, c.W)-c.H)
	if l.skip = min(l.skip, l.tall); l.tall > 0 {
		rows.Draw(c.Scrolled(l.skip), l.Cursor, true)
		l.page = max(1, c.H-1)
		return
	}
	y, shown := 0, 0
	for i := l.top; i < n && y < c.H; i++ {
		h := rows.Height(i, c.W)
		rows.Draw(c.Sub(0, y, c.W, h), i, i == l.Cursor)
		y += h
		shown++
	}
	l.page = max(1, shown-1)
}

// settle moves the scroll position as little as it can so that the cursor's
// row is whole on the screen (its first rows, if it is higher than that).
func (l *List) settle(c Canvas, rows Rows, n int) {
	l.top = max(0, min(l.top, n-1))
	l.top = min(l.top, l.Cursor)
	// The rows from the cursor's upwards that fit.
	room := c.H - min(rows.Height(l.Cursor, c.W), c.H)
	first := l.Cursor
	for first > 0 && first > l.top {
		h := rows.Height(first-1, c.W)
		if h > room {
			break
		}
		room -= h
		first--
	}
	l.top = first
	// No empty rows at the end while rows are hidden above.
	below := 0
	for i := l.top; i < n && below < c.H; i++ {
		below += rows.Height(i, c.W)
	}
	for below < c.H && l.top > 0 {
		h := rows.Height(l.top-1, c.W)
		if below+h > c.H {
			break
		}
		l.top--
		below += h
	}
}

// Move moves the cursor by n rows among total, and through a row that is
// higher than the screen by as many rows of the screen. Moving stops following.
func (l *List) Move(n, total int) {
	l.Follow = false
	if l.tall > 0 && l.of == l.Cursor {
		to := max(0, min(l.skip+n, l.tall))
		if to != l.skip {
			l.skip = to
			return
		}
		n = max(-1, min(n, 1))
	}
	l.To(l.Cursor+n, total)
}

// To moves the cursor to row i of total.
func (l *List) To(i, total int) {
	l.Follow = false
	l.Cursor = max(0, min(i, total-1))
}

// Stay keeps the cursor on the row that same is true of, and that where it is on
// the screen, where rows have come or gone before it.
func (l *List) Stay(total int, same func(i int) bool) {
	if l.Follow || l.Cursor >= 0 && l.Cursor < total && same(l.Cursor) {
		return
	}
	for i := range total {
		if same(i) {
			l.top, l.Cursor, l.of = max(0, l.top+i-l.Cursor), i, i
			return
		}
	}
}

// Page is how many rows a page is.
func (l *List) Page() int { return max(1, l.page) }

// RowAt is the row that stands at screen row y of the canvas it was last drawn
// on, with total rows of that width; ok is false below the last.
func (l *List) RowAt(y int, c Canvas, rows Rows) (i int, ok bool) {
	at := 0
	for i := l.top; i < rows.Len(); i++ {
		at += rows.Height(i, c.W)
		if y < at {
			return i, true
		}
		if at >= c.H {
			break
		}
	}
	return 0, false
}
