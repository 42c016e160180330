package view

import (
	"unicode"

	"github.com/gdamore/tcell/v2"

	"mailtap/view/widget"
)

// popup is a box above the pane that takes every key, and the mouse.
type popup interface {
	key(a *App, ev *tcell.EventKey)
	click(a *App, x, y int)
	move(n int)
	draw(a *App, c widget.Canvas)
}

// menu is a popup of choices, each with its key; enter takes the selected one.
type menu struct {
	title   string
	choices []widget.Choice
	do      []func()
	at      int // the selected one

	rows  widget.Canvas // where they were drawn last, from first on
	first int
}

func (m *menu) add(key rune, text string, do func()) {
	m.choices = append(m.choices, widget.Choice{Key: key, Text: text})
	m.do = append(m.do, do)
}

func (m *menu) key(a *App, ev *tcell.EventKey) {
	switch ev.Key() {
	case tcell.KeyDown, tcell.KeyTab, tcell.KeyCtrlN:
		m.move(1)
	case tcell.KeyUp, tcell.KeyBacktab, tcell.KeyCtrlP:
		m.move(-1)
	case tcell.KeyEnter:
		m.take(a, m.at)
	case tcell.KeyRune:
		m.take(a, m.called(ev.Rune()))
	default:
		a.popup = nil
	}
}

// called is the choice of a key, or -1. One that differs in its case alone is
// taken where no other has the key itself.
func (m *menu) called(key rune) int {
	found := -1
	for i, c := range m.choices {
		switch {
		case key == c.Key:
			return i
		case found < 0 && unicode.ToLower(key) == unicode.ToLower(c.Key):
			found = i
		}
	}
	return found
}

// take does what choice i says, or nothing for -1; the menu is over either way.
func (m *menu) take(a *App, i int) {
	a.popup = nil
	if i >= 0 {
		m.do[i]()
	}
}

func (m *menu) move(n int) {
	m.at = max(0, min(m.at+n, len(m.choices)-1))
}

// click takes the choice that it hits; one beside the menu ends it.
func (m *menu) click(a *App, x, y int) {
	if _, row, ok := m.rows.Contains(x, y); ok {
		m.take(a, m.first+row)
		return
	}
	a.popup = nil
}

func (m *menu) draw(a *App, c widget.Canvas) {
	m.rows, m.first = widget.DrawMenu(c, m.title, m.choices, m.at, a.palette)
}

// confirm asks before something that cannot be taken back.
func (a *App) confirm(question string, yes func()) {
	m := &menu{title: question}
	m.add('y', "yes", yes)
	m.add('n', "no", func() {})
	a.popup = m
}
