package view

import (
	"sort"
	"strings"

	"github.com/gdamore/tcell/v2"

	"mailtap/view/widget"
)

// accounts are the sessions by user and server, below each the devices that
// used it: which protocol each speaks and what it did with the mail.
type accounts struct {
	cursor widget.List
	rows   []accountRow
}

// accountRow is an account's heading (session nil) or one of its sessions.
type accountRow struct {
	text    string
	right   string
	session *Session
}

func newAccounts() *accounts { return &accounts{} }

func (p *accounts) title(a *App) string { return "Accounts" }
func (p *accounts) where() where        { return inAccounts }

func (p *accounts) refresh(a *App) {
	byAccount := map[string][]*Session{}
	for _, s := range a.model.Sessions {
		if s.Context != nil && s.Context.User != "" {
			key := s.Context.User + " at " + s.server_()
			byAccount[key] = append(byAccount[key], s)
		}
	}
	names := make([]string, 0, len(byAccount))
	for name := range byAccount {
		names = append(names, name)
	}
	sort.Strings(names)
	p.rows = p.rows[:0]
	for _, name := range names {
		p.add(name, byAccount[name])
	}
}

func (p *accounts) add(name string, sessions []*Session) {
	protos := map[string]bool{}
	total := int64(0)
	for _, s := range sessions {
		protos[s.proto()] = true
		total += s.BytesS
	}
	var spoken []string
	for _, proto := range []string{"imap", "pop3"} {
		if protos[proto] {
			spoken = append(spoken, strings.ToUpper(proto))
		}
	}
	p.rows = append(p.rows, accountRow{text: name + "  by " + strings.Join(spoken, " and "), right: size(total) + " got"})
	for _, s := range sessions {
		p.rows = append(p.rows, accountRow{text: s.did(), right: size(s.BytesS), session: s})
	}
}

// did is what a session did with the mail, in words.
func (s *Session) did() string {
	text := s.Opened.Local().Format("15:04:05") + "  " + s.proto() + "  " + s.client_() + "  " + s.Status()
	if s.Closed != nil && s.Closed.Close.Summary != "" {
		text += ": " + s.Closed.Close.Summary
	}
	return text
}

func (p *accounts) current(a *App) *Session {
	for i := max(0, p.cursor.Cursor); i < len(p.rows); i++ {
		if p.rows[i].session != nil {
			return p.rows[i].session
		}
	}
	return nil
}

func (p *accounts) list(a *App) (*widget.List, widget.Rows) {
	p.refresh(a)
	return &p.cursor, accountRows{a, p}
}

func (p *accounts) draw(a *App, c widget.Canvas) {
	p.refresh(a)
	if len(p.rows) == 0 {
		c.Put(2, 1, "nobody has logged in yet", a.palette.Dim)
		return
	}
	p.cursor.Draw(c, accountRows{a, p})
}

type accountRows struct {
	a *App
	p *accounts
}

func (r accountRows) Len() int          { return len(r.p.rows) }
func (r accountRows) text(i int) string { return r.p.rows[i].text }

func (r accountRows) Height(i, w int) int {
	if r.p.rows[i].session == nil {
		return 1
	}
	return max(1, len(r.lines(i, w)))
}

func (r accountRows) lines(i, w int) []string {
	return widget.Wrap(r.p.rows[i].text, max(8, w-14), 4)
}

func (r accountRows) Draw(c widget.Canvas, i int, selected bool) {
	row, p := r.p.rows[i], r.a.palette
	if row.session == nil {
		c.Put(2, 0, row.text, p.Header)
	} else {
		for y, l := range r.lines(i, c.W) {
			c.Put(4, y, l, p.Plain)
		}
	}
	c.PutRight(c.W-1, 0, row.right, p.Dim)
	if selected {
		c.Restyle(0, 0, c.W, func(st tcell.Style) tcell.Style { return st.Reverse(true) })
		c.Put(0, 0, ">", p.Selected)
	}
}
