package view

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// tlsPane shows for each session how TLS stands with the client and with the
// server, beside each other where there is room.
type tlsPane struct {
	cursor widget.List
	rows   []*Session // that the filter shows
}

func newTLS() *tlsPane { return &tlsPane{} }

func (p *tlsPane) title(a *App) string { return "TLS" }
func (p *tlsPane) where() where        { return inTLS }

func (p *tlsPane) current(a *App) *Session {
	if p.cursor.Cursor < 0 || p.cursor.Cursor >= len(p.rows) {
		return nil
	}
	return p.rows[p.cursor.Cursor]
}

func (p *tlsPane) refresh(a *App) {
	keep := p.current(a)
	p.rows = p.rows[:0]
	for _, s := range a.model.Sessions {
		if a.shows(s) {
			p.rows = append(p.rows, s)
		}
	}
	if keep != nil {
		p.cursor.Stay(len(p.rows), func(i int) bool { return p.rows[i] == keep })
	}
}

func (p *tlsPane) list(a *App) (*widget.List, widget.Rows) {
	p.refresh(a)
	return &p.cursor, tlsRows{a, p}
}

func (p *tlsPane) head(a *App, w int) int { return a.headUntold() }

func (p *tlsPane) draw(a *App, c widget.Canvas) {
	c = a.drawUntold(c)
	p.refresh(a)
	if len(p.rows) == 0 {
		text := "no session yet"
		if len(a.model.Sessions) > 0 {
			text = "the filter shows no session"
		}
		c.Put(2, 1, text, a.palette.Dim)
		return
	}
	p.cursor.Draw(c, tlsRows{a, p})
}

type tlsRows struct {
	a *App
	p *tlsPane
}

func (r tlsRows) Len() int { return len(r.p.rows) }

func (r tlsRows) text(i int) string {
	client, server := r.sides(i, 1000)
	return strings.Join(client, " ") + " " + strings.Join(server, " ")
}

// sides are the lines of both sides for columns of width w.
func (r tlsRows) sides(i, w int) (client, server []string) {
	s := r.p.rows[i]
	return tlsLines("client", s.TLS[0], w), tlsLines("server", s.TLS[1], w)
}

func tlsLines(side string, t *event.TLS, w int) []string {
	if t == nil {
		return []string{side + ": in the clear"}
	}
	var lines []string
	add := func(text string) { lines = append(lines, widget.Wrap(text, max(8, w), 4)...) }
	if t.Failure != "" {
		add(side + ": failed: " + t.Failure)
		add(t.Advice)
		return lines
	}
	add(side + ": " + t.Version)
	add(t.Cipher)
	add(strings.TrimSpace(known("name ", t.SNI) + known("  ALPN ", t.ALPN) + known("  ", map[bool]string{true: "resumed"}[t.Resumed])))
	for i, c := range t.Peer {
		if i == 0 {
			add(strings.Join(c.Names, " "))
			if !c.Verified {
				add("not verified: " + c.Reason)
			}
		}
		add(c.Subject + ", until " + c.Expiry.Format("2006-01-02"))
	}
	return lines
}

// known is text behind its label, or nothing.
func known(label, text string) string {
	if text == "" {
		return ""
	}
	return label + text
}

const besideWidth = 70 // from here on both sides stand beside each other

func (r tlsRows) Height(i, w int) int {
	if w < besideWidth {
		client, server := r.sides(i, w-6)
		return 2 + len(client) + len(server)
	}
	client, server := r.sides(i, w/2-4)
	return 2 + max(len(client), len(server))
}

func (r tlsRows) Draw(c widget.Canvas, i int, selected bool) {
	s, p := r.p.rows[i], r.a.palette
	c.Put(2, 0, widget.Cut(s.Opened.Local().Format("15:04:05")+"  "+s.proto()+"  "+s.clientName()+" → "+s.serverName(), c.W-3), p.Header)
	if c.W < besideWidth {
		client, server := r.sides(i, c.W-6)
		for y, l := range append(client, server...) {
			c.Put(4, y+1, l, p.Plain)
		}
	} else {
		client, server := r.sides(i, c.W/2-4)
		for y, l := range client {
			c.Put(4, y+1, l, p.Plain)
		}
		for y, l := range server {
			c.Put(c.W/2+2, y+1, l, p.Plain)
		}
	}
	if selected {
		c.Restyle(0, 0, c.W, r.a.palette.Select)
		c.Put(0, 0, ">", p.Selected)
	}
}
