package view

import (
	"strconv"

	"mailtap/view/widget"
)

// Draw shows the state on the screen.
func (a *App) Draw() {
	a.screen.HideCursor()
	c := widget.Whole(a.screen)
	c.Fill(a.palette.Plain)
	if c.H < 3 || c.W < 10 {
		c.Put(0, 0, "too small", a.palette.Plain)
		a.screen.Show()
		return
	}
	a.drawTabs(c.Row(0))
	a.top().draw(a, c.Sub(0, 1, c.W, c.H-2))
	a.drawStatus(c.Row(c.H - 1))
	a.drawMessage(c)
	if a.input != nil {
		rows := min(2, c.H-2)
		a.input.Draw(c.Sub(0, c.H-rows, c.W, rows), a.palette)
	}
	if a.popup != nil {
		a.popup.draw(a, c.Sub(0, 1, c.W, c.H-2))
	}
	a.screen.Show()
}

var tabNames = [tabs]string{"Sessions", "Findings", "Accounts", "TLS", "Log"}

// count is the number that a tab shows, or "".
func (a *App) count(t tab) string {
	n := 0
	switch t {
	case tabSessions:
		n = len(a.model.Sessions)
		if p := a.panes[tabSessions].(*sessions); a.filter.compiled != nil && n > 0 {
			p.refresh(a)
			return " " + strconv.Itoa(len(p.rows)) + "/" + strconv.Itoa(n)
		}
	case tabFindings:
		n = len(a.model.causes)
	}
	if n == 0 {
		return ""
	}
	return " " + strconv.Itoa(n)
}

// drawTabs draws the first row: the views, or on a narrow screen the one that
// is shown; then what is open in it, and at the right what holds for all.
func (a *App) drawTabs(c widget.Canvas) {
	p := a.palette
	c.Fill(p.Status)
	right := a.standing()
	all := 0
	for t := range tabs {
		all += len(tabNames[t]) + len(a.count(t)) + 2
	}
	narrow := all+min(widget.Width(right), leastStanding) > c.W
	x := 0
	for t := range tabs {
		a.tabsAt[t] = [2]int{}
		if narrow && t != a.tab {
			continue
		}
		style := p.Status
		if t == a.tab {
			style = p.Status.Bold(true).Reverse(false)
		}
		from := x
		x = c.Put(x, 0, " "+tabNames[t]+a.count(t)+" ", style)
		a.tabsAt[t] = [2]int{from, x}
	}
	if narrow {
		c.Put(x+1, 0, widget.Cut(right, c.W-x-1), p.Status)
		return
	}
	c.PutRight(c.W-1, 0, widget.Cut(right, c.W-x-2), p.Status)
}

// leastStanding is how many columns what holds for all has at the least before
// the other views' names make room for it.
const leastStanding = 26

// standing is what the first row says at its right end.
func (a *App) standing() string {
	text := ""
	add := func(s string) {
		if text != "" {
			text += "  "
		}
		text += s
	}
	if left := a.model.Left; left != (Left{}) {
		add(left.String() + " left out")
	}
	if a.filter.text != "" {
		add("filter: " + a.filter.text)
	}
	if a.progress > 0 && a.progress < 1 {
		add("reading " + strconv.Itoa(int(a.progress*100)) + "%")
	}
	if a.options.Live && a.ended == nil {
		add("live")
	} else if a.options.Live {
		add("ended")
	} else if text == "" {
		add(a.options.Title)
	}
	return text
}

// drawStatus draws the last row: a question, a job, a message, or the keys
// that matter here.
func (a *App) drawStatus(c widget.Canvas) {
	p := a.palette
	switch {
	case a.input != nil:
		return
	case a.job != nil && a.now().Sub(a.job.started) > shown:
		done, total := a.job.far()
		c.Fill(p.Status)
		c.Put(1, 0, a.job.title+" … "+strconv.Itoa(percent(done, total))+"%  (esc stops)", p.Status)
		return
	case a.sifts() && a.now().Sub(a.sifting.started) > shown:
		c.Fill(p.Status)
		c.Put(1, 0, "filtering … "+strconv.Itoa(int(a.sifting.far*100))+"%  (esc stops)", p.Status)
		return
	case a.message != "":
		return
	}
	c.Fill(p.Plain)
	x := 0
	for i := range bindings {
		b := &bindings[i]
		if b.short == "" || b.in&a.top().where() == 0 {
			continue
		}
		key := keyLabel(b.keys[0])
		if x+widget.Width(key)+1+widget.Width(b.short) > c.W {
			break
		}
		x = c.Put(x, 0, key, p.Key)
		x = c.Put(x+1, 0, b.short, p.Dim) + 2
	}
}

// drawMessage draws the message at the end of c, in as many rows as it needs
// but for half of them.
func (a *App) drawMessage(c widget.Canvas) {
	if a.message == "" || a.input != nil {
		return
	}
	style := a.palette.Status
	if a.bad {
		style = a.palette.Bad.Reverse(true)
	}
	lines := widget.Wrap(a.message, c.W-2, max(1, c.H/2))
	c = c.Sub(0, c.H-len(lines), c.W, len(lines))
	c.Fill(style)
	for y, l := range lines {
		c.Put(1, y, l, style)
	}
}

// shown is how long a job runs before its progress is shown.
const shown = 100e6 // nanoseconds

func percent(done, total int) int {
	if total == 0 {
		return 100
	}
	return done * 100 / total
}

// keyLabel is a key's name for the status line and for help.
func keyLabel(key string) string {
	switch key {
	case "Enter":
		return "enter"
	case "Tab":
		return "tab"
	case "Backtab":
		return "shift-tab"
	case "Esc":
		return "esc"
	case "Space":
		return "space"
	}
	return key
}
