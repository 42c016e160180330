package view

import (
	"fmt"
	"strings"
)

// called are the commands of keys whose short words in the status line would
// not do, or that have none, by their first key.
var called = map[string]string{
	"Q": "quit", "Tab": "next-view", "Backtab": "previous-view", "4": "tls", "5": "log",
	"PgDn": "page-down", "PgUp": "page-up", "n": "next-match", "N": "previous-match", "!": "next-trouble",
	"O": "reverse", "m": "mark", "M": "next-mark", "c": "compare", "]": "next", "[": "previous", "Ctrl+D": "half-down", "Ctrl+U": "half-up", "t": "form", "u": "clock",
	"h": "left", "l": "right", "y": "copy", "Y": "copy-all", "d": "end", "z": "clear", ":": "",
	"Ctrl+L": "redraw", "Ctrl+Z": "suspend",
}

// name is a binding's command: what called says, else its short word, else the
// first word of its help.
func (b *binding) name() string {
	if name, ok := called[b.keys[0]]; ok {
		return name
	}
	if b.short != "" {
		return b.short
	}
	word, _, _ := strings.Cut(b.help, " ")
	return strings.ToLower(word)
}

// askCommand takes a command and what belongs to it: "filter EXPR", "save PATH".
func (a *App) askCommand() {
	in := a.ask("command", ":", "", func(text string) { a.command(strings.TrimSpace(text)) })
	in.Complete = func(before, word string) []string {
		switch before {
		case "":
			return beginning(word, a.commandNames())
		case "order ":
			return beginning(word, columnNames())
		case "filter ":
			return beginning(word, fieldNames())
		}
		return nil
	}
}

// command does what a key does. What stands behind the name answers the
// question that the key would ask.
func (a *App) command(text string) {
	name, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case name == "":
		return
	case name == "go":
		a.gotoID(rest)
		return
	case name == "order" && rest != "":
		a.orderBy(rest)
		return
	}
	for i := range bindings {
		b := &bindings[i]
		if b.in&a.top().where() == 0 || b.name() != name {
			continue
		}
		b.do(a)
		if p := a.input; p != nil && rest != "" {
			a.input = nil
			p.done(rest)
		}
		return
	}
	a.fail(fmt.Errorf("no command %q here; tab completes, ? lists them", name))
}

// gotoID shows the session or the event that SESSION or SESSION:SEQ names.
func (a *App) gotoID(id string) {
	session := id
	if i := strings.IndexByte(id, ':'); i >= 0 {
		session = id[:i]
	}
	s := a.model.Session(session)
	if s == nil {
		a.fail(fmt.Errorf("no session %q here; as in: go %s", id, "SESSION or SESSION:SEQ"))
		return
	}
	a.withRows(s, func() {
		if _, row, ok := a.locate(id); ok {
			a.showFrom(s, row)
			return
		}
		a.open(newTranscript(s))
	})
}

// orderBy orders the list of sessions by the column of that name.
func (a *App) orderBy(name string) {
	p, ok := a.top().(*sessions)
	if !ok {
		a.say("only the list of sessions has an order")
		return
	}
	for i := range sessionColumns {
		if sessionColumns[i].name() == name {
			p.by, p.cursor.Follow = i, false
			return
		}
	}
	a.fail(fmt.Errorf("no column %q; there are %s", name, strings.Join(columnNames(), ", ")))
}

func columnNames() []string {
	var names []string
	for _, c := range sessionColumns {
		names = append(names, c.name())
	}
	return names
}

// commandNames are the commands that hold in the top pane.
func (a *App) commandNames() []string {
	names := []string{"go"}
	seen := map[string]bool{"": true}
	for i := range bindings {
		b := &bindings[i]
		if n := b.name(); !seen[n] && b.in&a.top().where() != 0 {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}
