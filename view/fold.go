package view

import (
	"bytes"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/view/widget"
)

// mostUnfolded is how many lines of a row are unfolded; its detail has them all.
const mostUnfolded = 2000

// fold opens what is folded in the line under the cursor, below it, or folds
// it again: literals and message text decoded, the lines of a multi-line
// response.
func (a *App) fold() {
	t, ok := a.top().(*transcript)
	if !ok {
		return
	}
	row, ok := t.current(a)
	if !ok {
		return
	}
	if t.unfolded[row] != nil {
		delete(t.unfolded, row)
		return
	}
	data, _ := t.session.Octets(t.session.Rows[row])
	if len(data) == 0 {
		a.say("the octets of this line are no longer held, or it has none")
		return
	}
	text := unfold(t.session.Rows[row].Event, data)
	if len(text) == 0 {
		a.say("nothing is folded in this line")
		return
	}
	if t.unfolded == nil {
		t.unfolded = map[int]*unfolded{}
	}
	t.unfolded[row] = &unfolded{text: text}
	t.cursor.Follow = false
}

// unfold is what a line leaves out of an event's octets, for the screen.
func unfold(e *event.Event, data []byte) []string {
	data = data[:min(len(data), mostOctets)]
	var found []string
	for _, m := range messages(e, data) {
		found = append(found, m.decoded()...)
	}
	if found == nil {
		if _, rest, _ := bytes.Cut(data, []byte("\n")); len(rest) > 0 {
			found = lines(rest)
		}
	}
	if len(found) > mostUnfolded {
		found = append(found[:mostUnfolded], "… enter shows the rest")
	}
	for i := range found {
		found[i] = wire.Escape([]byte(found[i]))
	}
	return found
}

// unfolded are lines below a row, and how they are broken for a width.
type unfolded struct {
	text    []string
	width   int
	wrapped []string
}

// at are the lines for w columns.
func (u *unfolded) at(w int) []string {
	if u == nil {
		return nil
	}
	if u.width != w {
		u.width, u.wrapped = w, u.wrapped[:0]
		for _, l := range u.text {
			u.wrapped = append(u.wrapped, widget.Wrap(l, w, 0)...)
		}
	}
	return u.wrapped
}
