package widget

// Choice is a line of a Menu.
type Choice struct {
	Key  rune
	Text string
}

// DrawBox draws a framed box with a title in the middle of c and gives its inside.
func DrawBox(c Canvas, w, h int, title string, p *Palette) Canvas {
	w, h = min(w, c.W), min(h, c.H)
	box := c.Sub((c.W-w)/2, (c.H-h)/2, w, h)
	box.Fill(p.Plain)
	if w < 4 || h < 3 {
		return box
	}
	for x := 1; x < w-1; x++ {
		box.Put(x, 0, "─", p.Dim)
		box.Put(x, h-1, "─", p.Dim)
	}
	for y := 1; y < h-1; y++ {
		box.Put(0, y, "│", p.Dim)
		box.Put(w-1, y, "│", p.Dim)
	}
	box.Put(0, 0, "┌", p.Dim)
	box.Put(w-1, 0, "┐", p.Dim)
	box.Put(0, h-1, "└", p.Dim)
	box.Put(w-1, h-1, "┘", p.Dim)
	if title != "" {
		box.Put(2, 0, Cut(" "+title+" ", w-4), p.Strong)
	}
	return box.Sub(2, 1, w-4, h-2)
}

// DrawMenu draws choices in a box, the one at at selected; a title that the
// frame has no room for stands inside. It gives where the choices stand, a row
// each, and the first that has room there.
func DrawMenu(c Canvas, title string, choices []Choice, at int, p *Palette) (rows Canvas, first int) {
	w := Width(title) + 8
	for _, choice := range choices {
		w = max(w, Width(choice.Text)+9)
	}
	var lines []string
	if w > c.W {
		lines, title = Wrap(title, max(1, c.W-6), 0), ""
	}
	in := DrawBox(c, w, len(lines)+len(choices)+2, title, p)
	for y, l := range lines {
		in.Put(1, y, l, p.Strong)
	}
	rows = in.Sub(0, len(lines), in.W, len(choices))
	first = max(0, at-rows.H+1)
	for i := first; i < len(choices); i++ {
		x := rows.Put(1, i-first, string(choices[i].Key), p.Key)
		rows.Put(x+2, i-first, choices[i].Text, p.Plain)
	}
	rows.Restyle(0, at-first, rows.W, p.Select)
	return rows, first
}
