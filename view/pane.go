package view

import "mailtap/view/widget"

// pane is one view of the model.
type pane interface {
	title(a *App) string
	draw(a *App, c widget.Canvas)
	// list is the cursor that the movement keys move, and the rows below it;
	// nil where the pane has none.
	list(a *App) (*widget.List, widget.Rows)
	// where says which of the bindings are for this pane.
	where() where
}

// tab is one of the views that tab goes through.
type tab int

const (
	tabSessions tab = iota
	tabFindings
	tabAccounts
	tabTLS
	tabLog
	tabs
)

// top is the pane that has the keys.
func (a *App) top() pane {
	if n := len(a.over); n > 0 {
		return a.over[n-1]
	}
	return a.panes[a.tab]
}

func (a *App) open(p pane) { a.over = append(a.over, p) }

// back closes what is on top, then goes to the first view; there it asks
// whether to leave.
func (a *App) back() {
	if n := len(a.over); n > 0 {
		a.over = a.over[:n-1]
		return
	}
	if a.tab != tabSessions {
		a.showTab(tabSessions)
		return
	}
	if a.options.Parting == "" {
		a.quit = true
		return
	}
	question := "leave mailtap? " + a.options.Parting
	switch n := a.model.open(); n {
	case 0:
	case 1:
		question += ", 1 session is open"
	default:
		question += ", " + itoa(int64(n)) + " sessions are open"
	}
	a.confirm(question, func() { a.quit = true })
}

func (a *App) showTab(t tab) {
	a.tab, a.over = (t+tabs)%tabs, nil
}

// session is the one that the user looks at: the transcript's, else the one
// under the cursor.
func (a *App) session() *Session {
	for i := len(a.over) - 1; i >= 0; i-- {
		switch p := a.over[i].(type) {
		case *transcript:
			return p.session
		case *detail:
			return p.session
		}
	}
	switch p := a.panes[a.tab].(type) {
	case *sessions:
		return p.current(a)
	case *tlsPane:
		return p.current(a)
	}
	return nil
}

// row is the event that the user looks at.
func (a *App) row() (*Session, int, bool) {
	switch p := a.top().(type) {
	case *transcript:
		i, ok := p.current(a)
		return p.session, i, ok
	case *detail:
		return p.session, p.row, true
	}
	return nil, 0, false
}
