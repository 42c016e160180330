package view

import (
	"slices"
	"strings"

	"mailtap/parse/behaviour"
	"mailtap/view/widget"
)

// accounts are the sessions by user and server, below each the devices that
// used it: which protocol each speaks and what it did with the mail.
type accounts struct {
	cursor widget.List
	rows   []accountRow
}

// accountRow is one row: an account's heading, a device, a session, evidence.
type accountRow struct {
	of      *behaviour.Account
	text    string
	right   string
	head    bool
	table   *[3]string // of the comparison of POP3 and IMAP: about, and each
	visit   *behaviour.Visit
	session string // that enter opens
	row     string // its event: SESSION:SEQ
}

func newAccounts() *accounts { return &accounts{} }

func (p *accounts) title(a *App) string { return "Accounts" }
func (p *accounts) where() where        { return inAccounts }

func (p *accounts) refresh(a *App) {
	var keep accountRow
	if p.cursor.Cursor >= 0 && p.cursor.Cursor < len(p.rows) {
		keep = p.rows[p.cursor.Cursor]
	}
	p.rows = p.rows[:0]
	for _, acc := range a.model.Accounts.List() {
		if !a.showsAccount(acc) {
			continue
		}
		first := len(p.rows)
		p.add(a, acc)
		for i := first; i < len(p.rows); i++ {
			p.rows[i].of = acc
		}
	}
	p.cursor.Stay(len(p.rows), func(i int) bool { return p.rows[i].same(&keep) })
}

// showsAccount reports whether the filter shows a session of the account.
func (a *App) showsAccount(acc *behaviour.Account) bool {
	return a.filter.compiled == nil || slices.ContainsFunc(acc.Visits, a.showsVisit)
}

func (a *App) showsVisit(v *behaviour.Visit) bool {
	if a.filter.compiled == nil {
		return true
	}
	s := a.model.Session(v.Session)
	return s != nil && a.shows(s)
}

// same reports whether two rows are about the same.
func (r *accountRow) same(as *accountRow) bool {
	return r.of == as.of && r.visit == as.visit && (r.visit != nil || r.text == as.text)
}

// add adds an account: who, its devices, what each session did, and what of it
// others saw.
func (p *accounts) add(a *App, acc *behaviour.Account) {
	head := acc.User + " at " + acc.Server
	quota := ""
	if q := acc.Quota; q != nil && q.Limit > 0 {
		quota = size(q.Used) + " of " + size(q.Limit) + " used"
	}
	p.rows = append(p.rows, accountRow{text: head, right: quota, head: true})
	for _, d := range acc.Devices {
		p.rows = append(p.rows, accountRow{text: "device " + d.Name + ", by " + strings.Join(d.Titles(), " and "), right: sessionsOf(d.Visits)})
	}
	for _, v := range acc.Visits {
		if !a.showsVisit(v) {
			continue
		}
		right := ""
		if s := a.model.Session(v.Session); s != nil {
			right = size(s.BytesS) + " got"
		}
		p.rows = append(p.rows, accountRow{visit: v, right: right, session: v.Session})
	}
	for _, s := range acc.Signs {
		row := accountRow{text: "seen: " + s.Sentence}
		if n := len(s.Evidence); n > 0 {
			row.row = s.Evidence[n-1]
		}
		p.rows = append(p.rows, row)
	}
	rows := acc.Rows()
	if len(rows) > 0 {
		p.rows = append(p.rows, accountRow{table: &[3]string{"", "POP3", "IMAP"}})
	}
	for _, r := range rows {
		p.rows = append(p.rows, accountRow{text: r.About + ": POP3 " + r.POP3 + "; IMAP " + r.IMAP, table: &[3]string{r.About, r.POP3, r.IMAP}})
	}
	p.rows = append(p.rows, accountRow{text: "=> " + acc.Verdict()})
}

// words are the row's text. That of a visit is made when it is asked for: there
// may be many thousands.
func (r *accountRow) words() string {
	if v := r.visit; v != nil {
		return v.Opened.Local().Format("15:04:05") + " " + strings.ToUpper(v.Proto) + " " + v.Device + ": " + v.Did.Summary()
	}
	return r.text
}

func sessionsOf(n int) string {
	if n == 1 {
		return "1 session"
	}
	return itoa(int64(n)) + " sessions"
}

// open shows what the cursor's row is about.
func (p *accounts) open(a *App) {
	if p.cursor.Cursor < 0 || p.cursor.Cursor >= len(p.rows) {
		return
	}
	row := p.rows[p.cursor.Cursor]
	if s := a.model.Session(sessionOf(row.row)); s != nil {
		a.withRows(s, func() {
			if s, at, ok := a.locate(row.row); ok {
				a.showFrom(s, at)
			}
		})
		return
	}
	if s := a.model.Session(row.session); s != nil {
		a.withRows(s, func() { a.open(newTranscript(s)) })
	}
}

func (p *accounts) list(a *App) (*widget.List, widget.Rows) {
	p.refresh(a)
	return &p.cursor, accountRows{a, p}
}

func (p *accounts) head(a *App, w int) int { return a.headUntold() }

func (p *accounts) draw(a *App, c widget.Canvas) {
	c = a.drawUntold(c)
	p.refresh(a)
	if len(p.rows) == 0 {
		text := "nobody has logged in yet"
		if len(a.model.Accounts.List()) > 0 {
			text = "the filter shows no session of an account"
		}
		c.Put(2, 1, text, a.palette.Dim)
		return
	}
	p.cursor.Draw(c, accountRows{a, p})
}

type accountRows struct {
	a *App
	p *accounts
}

func (r accountRows) Len() int          { return len(r.p.rows) }
func (r accountRows) text(i int) string { return r.p.rows[i].words() }

func (r accountRows) Height(i, w int) int {
	return max(1, len(r.lines(i, w)))
}

// leastTable is how many columns the screen has at the least for a table.
const leastTable = 60

func (r accountRows) lines(i, w int) []string {
	row := &r.p.rows[i]
	if row.table == nil || w < leastTable {
		return widget.Wrap(row.words(), max(8, w-14), 4)
	}
	wide := (w - 6) / 3
	var cells [3][]string
	high := 0
	for k, text := range row.table {
		cells[k] = widget.Wrap(text, wide-2, 4)
		high = max(high, len(cells[k]))
	}
	lines := make([]string, high)
	for y := range lines {
		for _, cell := range cells {
			text := ""
			if y < len(cell) {
				text = cell[y]
			}
			lines[y] += widget.Pad(text, wide)
		}
	}
	return lines
}

func (r accountRows) Draw(c widget.Canvas, i int, selected bool) {
	row, p := r.p.rows[i], r.a.palette
	x, style := 4, p.Plain
	switch {
	case row.head:
		x, style = 2, p.Header
	case row.table != nil && row.text == "":
		style = p.Strong
	}
	for y, l := range r.lines(i, c.W) {
		c.Put(x, y, l, style)
	}
	c.PutRight(c.W-1, 0, row.right, p.Dim)
	if selected {
		c.Restyle(0, 0, c.W, r.a.palette.Select)
		c.Put(0, 0, ">", p.Selected)
	}
}
