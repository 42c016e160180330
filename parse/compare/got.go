package compare

import (
	"fmt"
	"sort"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
)

// got is what answered a command, as far as it does not differ between any two
// runs: how many of what, how much message text, which mailboxes.
type got struct {
	number map[string]int64  // by what is counted
	names  map[string]string // mailboxes, by their name: what else is said of each
	more   bool              // there were more names than are kept
}

// maxNames bounds the mailboxes of one answer that are kept.
const maxNames = 20_000

func (g *got) count(what string, n int64) {
	if g.number == nil {
		g.number = map[string]int64{}
	}
	g.number[what] += n
}

func (g *got) name(name, what string) {
	if g.names == nil {
		g.names = map[string]string{}
	}
	if len(g.names) >= maxNames {
		g.more = true
		return
	}
	g.names[name] = what
}

// take adds a response to what its command got.
func (g *got) take(s *Step, e *event.Event) {
	if e.Proto == event.POP3 {
		g.pop3(e)
		return
	}
	switch s.Name {
	case "NOOP", "CHECK", "IDLE": // what they bring is chance
		return
	}
	switch d := e.Data.(type) {
	case *syntax.FetchData:
		g.count("messages", 1)
		for _, c := range d.Content {
			g.count("texts", 1)
			g.count("octets of text", int64(c.Size.N))
		}
	case *syntax.SearchData:
		g.count("results", int64(len(d.Numbers)))
	case *syntax.ESearchData:
		if n, ok := d.All.Count(); ok {
			g.count("results", n)
		}
		if d.Count.Known {
			g.count("counted", int64(d.Count.N))
		}
	case *syntax.ListData:
		g.name(d.Mailbox.Name, "")
	case *syntax.StatusData:
		g.name(d.Mailbox.Name, statusOf(d))
	case *syntax.NumberData:
		if e.Name == "EXISTS" && (s.Name == "SELECT" || s.Name == "EXAMINE") {
			g.count("messages in the mailbox", int64(d.Number))
		}
	}
	if e.Name == "EXPUNGE" {
		g.count("expunged", 1)
	}
}

// statusOf is what STATUS says, without the numbers of a mailbox's own.
func statusOf(d *syntax.StatusData) string {
	var parts []string
	add := func(what string, n syntax.Num) {
		if n.Known {
			parts = append(parts, what+" "+n.String())
		}
	}
	add("MESSAGES", d.Messages)
	add("UNSEEN", d.Unseen)
	add("DELETED", d.Deleted)
	return strings.Join(parts, " ")
}

func (g *got) pop3(e *event.Event) {
	switch d := e.Data.(type) {
	case *pop3.Stat:
		g.count("messages", d.Messages)
		g.count("octets", d.Octets)
	case *pop3.Listing:
		g.count("lines", d.Count)
		g.count("octets", d.Octets)
	case *pop3.Message:
		g.count("octets of text", d.Octets)
	}
}

// against is what two answers have that differs, side by side, in words.
func (g *got) against(other *got) (ds [][2]string) {
	if x, y := g.numbers(other), other.numbers(g); x != y {
		ds = append(ds, [2]string{x, y})
	}
	if g.more || other.more {
		return ds
	}
	if x, y := g.only(other), other.only(g); x != y {
		ds = append(ds, [2]string{x, y})
	}
	return ds
}

// numbers words the counts that differ from those of other, and those beside them.
func (g *got) numbers(other *got) string {
	var names []string
	for what := range g.number {
		names = append(names, what)
	}
	for what := range other.number {
		if _, ok := g.number[what]; !ok {
			names = append(names, what)
		}
	}
	sort.Strings(names)
	var parts []string
	for _, what := range names {
		parts = append(parts, fmt.Sprintf("%s: %d", what, g.number[what]))
	}
	return strings.Join(parts, ", ")
}

// only words the mailboxes that other lacks, or of which it says something else.
func (g *got) only(other *got) string {
	var parts []string
	for name, what := range g.names {
		if theirs, ok := other.names[name]; ok && theirs == what {
			continue
		}
		parts = append(parts, strings.TrimSpace(name+" "+what))
	}
	sort.Strings(parts)
	if len(parts) > 20 {
		parts = append(parts[:20], fmt.Sprintf("and %d more", len(parts)-20))
	}
	return strings.Join(parts, ", ")
}
