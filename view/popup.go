package view

import (
	"unicode"

	"github.com/gdamore/tcell/v2"

	"mailtap/view/widget"
)

// popup is a box above the pane that takes every key.
type popup interface {
	key(a *App, ev *tcell.EventKey)
	draw(a *App, c widget.Canvas)
}

// menu is a popup of choices, each with its key.
type menu struct {
	title   string
	choices []widget.Choice
	do      []func()
}

func (m *menu) add(key rune, text string, do func()) {
	m.choices = append(m.choices, widget.Choice{Key: key, Text: text})
	m.do = append(m.do, do)
}

func (m *menu) key(a *App, ev *tcell.EventKey) {
	a.popup = nil
	if ev.Key() != tcell.KeyRune {
		return
	}
	for i, c := range m.choices {
		if unicode.ToLower(ev.Rune()) == unicode.ToLower(c.Key) {
			m.do[i]()
			return
		}
	}
}

func (m *menu) draw(a *App, c widget.Canvas) {
	widget.DrawMenu(c, m.title, m.choices, a.palette)
}

// confirm asks before something that cannot be taken back.
func (a *App) confirm(question string, yes func()) {
	m := &menu{title: question}
	m.add('y', "yes", yes)
	m.add('n', "no", func() {})
	a.popup = m
}
