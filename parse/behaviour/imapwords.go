package behaviour

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailtap/parse/layout"
)

// Summary words it.
func (m *IMAP) Summary() string {
	parts := m.openedWords()
	parts = append(parts, m.readWords()...)
	parts = append(parts, m.changedWords()...)
	if m.Idles > 0 {
		parts = append(parts, "waited for news"+waited(m.Idled)+" (IDLE)")
	}
	if m.News.Any() {
		parts = append(parts, "was told that "+m.News.words())
	}
	if len(parts) == 0 {
		return "logged in and did nothing with the mail"
	}
	text := listed(parts)
	if m.Bodies > 0 || m.Parts > 0 || m.Headers > 0 {
		text += "; " + m.stays() + " stays on the server, where other devices find it"
	}
	if q := m.Quota; q != nil && q.Limit > 0 {
		text += "; " + layout.Size(q.Used) + " of " + layout.Size(q.Limit) + " are used"
	}
	return text
}

// stays is what is still there.
func (m *IMAP) stays() string {
	if m.Expunged > 0 {
		return "all other mail"
	}
	return "all mail"
}

// waited is a time worth a word.
func waited(ms int64) string {
	if ms < 1000 {
		return ""
	}
	return " for " + (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}

func (n News) words() string {
	var parts []string
	for _, k := range []struct {
		n         int64
		one, many string
	}{{n.Arrived, "message arrived", "messages arrived"}, {n.Vanished, "message was removed", "messages were removed"}, {n.Flagged, "message got other flags", "messages got other flags"}} {
		if k.n > 0 {
			parts = append(parts, count(k.n, k.one, k.many))
		}
	}
	return listed(parts)
}

func (m *IMAP) openedWords() []string {
	var names []string
	for _, b := range m.Mailboxes {
		names = append(names, quoted(b.Name)+" ("+messages(int64(b.most))+")")
	}
	switch {
	case len(names) == 0 && m.Listed > 0:
		return []string{"looked at the list of " + count(m.Listed, "mailbox", "mailboxes")}
	case len(names) == 0:
		return nil
	case len(names) <= 3:
		return []string{"opened " + listed(names)}
	}
	return []string{"opened " + count(len(names), "mailbox", "mailboxes") + ", among them " + names[0]}
}

func (m *IMAP) readWords() []string {
	var parts []string
	if m.Headers > 0 {
		parts = append(parts, "looked at the headers of "+messages(m.Headers))
	}
	if m.Parts > 0 {
		parts = append(parts, "fetched parts of "+messages(m.Parts)+" on demand")
	}
	if m.Bodies > 0 {
		how := " on demand"
		switch {
		case m.Offline():
			how = " for offline use, all there are"
		case m.several:
			how = ", several at once"
		}
		parts = append(parts, "fetched "+count(m.Bodies, "whole message", "whole messages")+how+" ("+layout.Size(m.Got)+")")
	}
	return parts
}

func (m *IMAP) changedWords() []string {
	parts := m.flagWords()
	add := func(n int64, verb, where string, to []string) {
		if n > 0 {
			parts = append(parts, verb+" "+messages(n)+where+names(quotedAll(to)))
		}
	}
	add(m.Moved, "moved", " to ", m.To.Moved)
	add(m.Copied, "copied", " to ", m.To.Copied)
	add(m.Appended, "stored", " in ", m.To.Appended)
	add(m.Expunged, "deleted", " for every device", nil)
	for _, did := range []struct {
		verb  string
		names []string
	}{{"made the mailbox", quotedAll(m.Created)}, {"renamed", m.Renamed}, {"deleted the mailbox", quotedAll(m.Removed)}} {
		if len(did.names) > 0 {
			parts = append(parts, did.verb+" "+names(did.names))
		}
	}
	return parts
}

// quoted is a mailbox's name inside a sentence.
func quoted(name string) string {
	if name == "" || strings.ContainsAny(name, " ,;:") {
		return strconv.Quote(name)
	}
	return name
}

func quotedAll(list []string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = quoted(list[i])
	}
	return list
}

// names lists some names, and says how many more there are.
func names(list []string) string {
	const most = 3
	if len(list) <= most {
		return listed(list)
	}
	return listed(append(list[:most:most], fmt.Sprintf("%d more", len(list)-most)))
}

// marks are the flags that people know, set and taken away.
var marks = map[string][2]string{
	`\seen`: {"read", "unread"}, `\answered`: {"answered", "not answered"}, `\flagged`: {"flagged", "not flagged"},
	`\draft`: {"a draft", "no draft"}, `\deleted`: {"deleted", "not deleted"},
}

// markWords are what a message is with a flag, and without it.
func markWords(flag string) [2]string {
	if words, known := marks[strings.ToLower(flag)]; known {
		return words
	}
	return [2]string{flag, "no longer " + flag}
}

// flagWords says which messages were marked how.
func (m *IMAP) flagWords() []string {
	var set []string
	for _, f := range m.Flags {
		words := markWords(f.Name)
		for i, n := range []int64{f.Set, f.Cleared} {
			if n > 0 {
				set = append(set, "marked "+messages(n)+" as "+words[i])
			}
		}
	}
	const most = 5
	if len(set) > most {
		set = append(set[:most], "changed "+count(len(set)-most, "flag", "flags")+" more")
	}
	return set
}
