package view

import (
	"github.com/gdamore/tcell/v2"
)

// where says in which panes a binding holds.
type where uint16

const (
	inSessions where = 1 << iota
	inTranscript
	inDetail
	inFindings
	inAccounts
	inTLS
	inLog
	inHelp
	inWelcome        // the sessions, while there are none
	everywhere where = 0xffff
	inLists          = inSessions | inTranscript | inFindings | inAccounts | inTLS | inLog | inWelcome
)

// binding is one key: what presses it, where, what it does, and what is said
// of it. This table is all there is: ? prints it, the status line shows the
// short words, Handle looks here and nowhere else.
type binding struct {
	keys  []string // as tcell names them, letters as they are
	in    where
	short string // for the status line; "" where it does not matter there
	help  string
	do    func(a *App)
}

var bindings []binding

func init() {
	bindings = []binding{
		{[]string{"?"}, everywhere, "help", "this list", func(a *App) { a.open(newHelp()) }},
		{[]string{"q", "Esc"}, everywhere, "back", "back; in the first view: leave", (*App).back},
		{[]string{"Q", "Ctrl+C"}, everywhere, "", "leave at once", func(a *App) { a.quit = true }},
		{[]string{"Tab"}, everywhere, "view", "next view", func(a *App) { a.showTab(a.tab + 1) }},
		{[]string{"Backtab"}, everywhere, "", "view before", func(a *App) { a.showTab(a.tab - 1) }},
		{[]string{"1"}, everywhere, "", "sessions", func(a *App) { a.showTab(tabSessions) }},
		{[]string{"2"}, everywhere, "", "findings", func(a *App) { a.showTab(tabFindings) }},
		{[]string{"3"}, everywhere, "", "accounts", func(a *App) { a.showTab(tabAccounts) }},
		{[]string{"4"}, everywhere, "", "TLS of both sides", func(a *App) { a.showTab(tabTLS) }},
		{[]string{"5", "E"}, everywhere, "", "log of mailtap itself", func(a *App) { a.showTab(tabLog) }},

		{[]string{"Enter", "l"}, inSessions, "open", "open the session's transcript", (*App).enter},
		{[]string{"Enter"}, inTranscript, "detail", "the event in parts", (*App).enter},
		{[]string{"Enter"}, inFindings, "evidence", "go to the line that proves it; where there are several, list them", (*App).enter},
		{[]string{"Enter"}, inAccounts | inTLS, "open", "open the session", (*App).enter},
		{[]string{"j", "Down"}, everywhere, "", "down", func(a *App) { a.move(1) }},
		{[]string{"k", "Up"}, everywhere, "", "up", func(a *App) { a.move(-1) }},
		{[]string{"g", "Home"}, everywhere, "", "first", func(a *App) { a.jump(false) }},
		{[]string{"G", "End"}, everywhere, "", "last", func(a *App) { a.jump(true) }},
		{[]string{"PgDn", "Space", "Ctrl+F"}, everywhere, "", "a page down", func(a *App) { a.page(1) }},
		{[]string{"PgUp", "b", "Ctrl+B"}, everywhere, "", "a page up", func(a *App) { a.page(-1) }},
		{[]string{"Ctrl+D"}, everywhere, "", "half a page down", func(a *App) { a.half(1) }},
		{[]string{"Ctrl+U"}, everywhere, "", "half a page up", func(a *App) { a.half(-1) }},

		{[]string{"/"}, inLists | inDetail | inHelp, "search", "search text or a regular expression", (*App).askSearch},
		{[]string{"n"}, inLists | inDetail | inHelp, "", "next place found", func(a *App) { a.next(1) }},
		{[]string{"N"}, inLists | inDetail | inHelp, "", "place found before", func(a *App) { a.next(-1) }},
		{[]string{"f"}, everywhere, "filter", "show only what an expression is true of; empty shows all", (*App).askFilter},
		{[]string{"!"}, inTranscript, "problem", "next finding, error or refusal", (*App).nextTrouble},
		{[]string{"e"}, inTranscript, "unfold", "message text and literals below the line, or folded", (*App).fold},
		{[]string{"F"}, inSessions | inTranscript | inLog, "follow", "stay on what comes newly, or stop that", (*App).follow},

		{[]string{"o"}, inSessions, "order", "order by the next column", func(a *App) { a.order(1) }},
		{[]string{"O", "v"}, inSessions, "", "the order the other way round", func(a *App) { a.order(0) }},
		{[]string{"m"}, inSessions, "", "mark a session for comparing", (*App).mark},
		{[]string{"m"}, inTranscript | inDetail, "mark", "mark the line, or take the mark away", (*App).mark},
		{[]string{"c"}, inSessions, "", "compare the marked session with this one", (*App).compare},
		{[]string{"M"}, inTranscript, "", "next marked line", (*App).nextMark},
		{[]string{";"}, inTranscript | inDetail, "comment", "write a comment on the line", (*App).askComment},
		{[]string{"p"}, inTranscript | inDetail, "partner", "from a command to its response and back", (*App).partner},
		{[]string{"]"}, inTranscript, "", "next session", func(a *App) { a.nextSession(1) }},
		{[]string{"["}, inTranscript, "", "session before", func(a *App) { a.nextSession(-1) }},
		{[]string{"]"}, inDetail, "next", "next line", func(a *App) { a.step(1) }},
		{[]string{"["}, inDetail, "", "line before", func(a *App) { a.step(-1) }},
		{[]string{"t"}, inDetail, "text/hex", "octets as text, decoded, as headers, as hex", (*App).form},
		{[]string{"i"}, inTranscript, "notes", "explanations below the lines, or none", (*App).notes},
		{[]string{"u"}, inTranscript, "", "time since the beginning, or of the day", (*App).clock},
		{[]string{"W"}, inTranscript, "wrap", "wrap long lines, or cut them", (*App).wrap},
		{[]string{"h", "Left"}, inTranscript, "", "to the left of long lines", func(a *App) { a.sideways(-8) }},
		{[]string{"l", "Right"}, inTranscript, "", "to the right of long lines", func(a *App) { a.sideways(8) }},

		{[]string{"w"}, inSessions | inTranscript | inDetail, "save", "save what is shown", (*App).askSave},
		{[]string{"x"}, inSessions | inTranscript | inDetail, "export", "export the session", (*App).askExport},
		{[]string{"y"}, inWelcome, "copy", "copy the line to the clipboard", (*App).copyLine},
		{[]string{"y"}, inTranscript | inDetail | inFindings, "", "copy the line to the clipboard", (*App).copyLine},
		{[]string{"y"}, inSessions, "", "copy the session's name, as in CAPTURE#SESSION", (*App).copyLine},
		{[]string{"Y"}, inTranscript | inDetail, "", "copy the whole transcript", (*App).copyAll},
		{[]string{"d", "X"}, inSessions, "", "end an open session; take one that has ended off the list", (*App).endSession},
		{[]string{"z"}, everywhere, "", "clear the sessions that have ended", (*App).clear},
		{[]string{":"}, everywhere, "", "type a command; tab completes its name", (*App).askCommand},
		{[]string{"Ctrl+L"}, everywhere, "", "draw the screen anew", func(a *App) { a.screen.Sync() }},
		{[]string{"Ctrl+Z"}, everywhere, "", "suspend; fg brings it back", (*App).suspend},
	}
}

// keyName is what the table calls a key.
func keyName(ev *tcell.EventKey) string {
	if ev.Key() == tcell.KeyRune {
		if ev.Rune() == ' ' {
			return "Space"
		}
		return string(ev.Rune())
	}
	if ev.Key() == tcell.KeyEscape {
		return "Esc"
	}
	if name, ok := controls[ev.Key()]; ok {
		return name
	}
	return tcell.KeyNames[ev.Key()]
}

// controls are the keys whose names in tcell differ from the table's.
var controls = map[tcell.Key]string{
	tcell.KeyCtrlC: "Ctrl+C", tcell.KeyCtrlF: "Ctrl+F", tcell.KeyCtrlB: "Ctrl+B",
	tcell.KeyCtrlD: "Ctrl+D", tcell.KeyCtrlU: "Ctrl+U",
	tcell.KeyCtrlL: "Ctrl+L", tcell.KeyCtrlZ: "Ctrl+Z", tcell.KeyBacktab: "Backtab",
	tcell.KeyEnter: "Enter", tcell.KeyTab: "Tab", tcell.KeyPgDn: "PgDn", tcell.KeyPgUp: "PgUp",
}

// find is the binding of a key in a pane.
func find(key string, in where) *binding {
	for i := range bindings {
		b := &bindings[i]
		if b.in&in == 0 {
			continue
		}
		for _, k := range b.keys {
			if k == key {
				return b
			}
		}
	}
	return nil
}
