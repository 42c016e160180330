package explain

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// messageNote words the commands on messages.
func messageNote(e *event.Event) string {
	uid := strings.HasPrefix(e.Name, "UID ")
	switch a := e.Data.(type) {
	case *syntax.FetchArgs:
		return fetchArgsNote(a, uid)
	case *syntax.StoreArgs:
		note := changed(a, messages(a.Set, uid))
		if a.UnchangedSince.Known {
			note += fmt.Sprintf(", unless it changed since mod-sequence %d", a.UnchangedSince.N)
		}
		return note
	case *syntax.CopyArgs:
		verb := "copies "
		if strings.HasSuffix(e.Name, "MOVE") {
			verb = "moves "
		}
		return verb + messages(a.Set, uid) + " to " + box(a.Mailbox)
	case *syntax.SetArgs:
		return "removes for good those of " + messages(a.Set, true) + " that are marked as deleted"
	case *syntax.AppendArgs:
		return appendNote(a, uid)
	case *syntax.SearchArgs:
		return "looks for " + sought(a, "")
	case *syntax.SortArgs:
		return "looks for " + sought(&a.SearchArgs, ", sorted by "+sorted(a.Sort))
	case *syntax.ThreadArgs:
		return "looks for " + sought(&a.SearchArgs, ", put together "+meaning(syntax.ThreadAlgorithms, a.Algorithm))
	case *syntax.ConvertArgs:
		return "asks for parts of " + messages(a.Set, uid) + " in another format"
	case *syntax.CancelUpdateArgs:
		return "ends the updates of the results of " + and(a.Tags)
	case *syntax.URLFetchArgs:
		return "asks for what " + count(len(a.URLs), "URL") + " name"
	}
	return ""
}

// fetchArgsNote words FETCH: "asks for the flags and sizes of messages 1 to 200".
func fetchArgsNote(a *syntax.FetchArgs, uid bool) string {
	names, sections := a.Items, 0
	switch a.Macro {
	case "ALL":
		names = named("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")
	case "FAST":
		names = named("FLAGS", "INTERNALDATE", "RFC822.SIZE")
	case "FULL":
		names = named("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY")
	}
	var words []string
	reads := false
	for _, i := range names {
		if i.Name == "UID" && len(names) > 1 {
			continue // goes without saying
		}
		words = append(words, itemWords(i))
		sections++
		if s := i.Section; s != nil && (s.Item == "BODY" || s.Item == "BINARY" || s.Item == "RFC822" || s.Item == "RFC822.TEXT") {
			reads = true
		}
	}
	note := "asks for " + and(words) + " of " + messages(a.Set, uid)
	if a.ChangedSince.Known {
		note += fmt.Sprintf(" that changed since mod-sequence %d", a.ChangedSince.N)
	}
	if p := a.Partial; p != nil {
		note += fmt.Sprintf(", results %d to %d", p.From, p.To)
	}
	if reads {
		note += "; " + them(a.Set) + " as read then"
	}
	return note
}

// them begins a sentence about the messages of a set.
func them(s syntax.NumSet) string {
	if n, ok := s.Count(); ok && n == 1 {
		return "it counts"
	}
	return "they count"
}

func named(names ...string) (items []syntax.FetchItem) {
	for _, n := range names {
		items = append(items, syntax.FetchItem{Name: n})
	}
	return items
}

var itemNames = map[string]string{
	"FLAGS": "the flags", "RFC822.SIZE": "the size", "UID": "the UID", "ENVELOPE": "the envelope",
	"INTERNALDATE": "the date of arrival", "BODY": "the structure", "BODYSTRUCTURE": "the structure",
	"MODSEQ": "the mod-sequence",
}

// itemWords words one FETCH item.
func itemWords(i syntax.FetchItem) string {
	if i.Section != nil {
		return sectionWords(i.Section)
	}
	if w, ok := itemNames[i.Name]; ok {
		return w
	}
	if t, ok := syntax.FetchItems.Find(i.Name); ok {
		return t.Meaning
	}
	return i.Name
}

// sectionWords words a section: "the header fields FROM and SUBJECT".
func sectionWords(s *syntax.Section) string {
	word := ""
	switch {
	case s.Item == "RFC822.HEADER", s.Text == "HEADER":
		word = "the header"
	case s.Item == "RFC822.TEXT", s.Text == "TEXT":
		word = "the text"
	case s.Text == "HEADER.FIELDS":
		word = "the header " + field(len(s.Fields)) + " " + and(s.Fields)
	case s.Text == "HEADER.FIELDS.NOT":
		word = "all header fields but " + and(s.Fields)
	case s.Text == "MIME":
		word = "the MIME header"
	case s.Item == "BINARY.SIZE":
		word = "the decoded size"
	case s.Part == "":
		word = "the whole text"
	}
	if s.Part != "" && word == "" {
		word = "part " + s.Part
		if strings.HasPrefix(s.Item, "BINARY") {
			word += ", decoded"
		}
	} else if s.Part != "" {
		word += " of part " + s.Part
	}
	return word + octets(s)
}

func field(n int) string {
	if n == 1 {
		return "field"
	}
	return "fields"
}

// octets words the range of a partial fetch.
func octets(s *syntax.Section) string {
	switch {
	case !s.Offset.Known:
		return ""
	case !s.Length.Known:
		return fmt.Sprintf(" from octet %d on", s.Offset.N)
	case s.Offset.N == 0:
		return " (the first " + size(s.Length.N) + ")"
	}
	return fmt.Sprintf(" (%s from octet %d on)", size(s.Length.N), s.Offset.N)
}

// appendNote words APPEND and REPLACE.
func appendNote(a *syntax.AppendArgs, uid bool) string {
	var total uint64
	for _, m := range a.Messages {
		total += uint64(max(m.Size, 0))
	}
	what := fmt.Sprintf("uploads a message of %s to %s", size(total), box(a.Mailbox))
	switch {
	case !a.Replaces.IsZero():
		what = "replaces " + messages(a.Replaces, uid) + " by one of " + size(total) + " in " + box(a.Mailbox)
	case len(a.Messages) > 1:
		what = fmt.Sprintf("uploads %d messages, %s in all, to %s", len(a.Messages), size(total), box(a.Mailbox))
	}
	if len(a.Messages) != 1 {
		return what
	}
	m := a.Messages[0]
	if len(m.Catenate) > 0 {
		what = "puts a message together from " + count(len(m.Catenate), "part") + " in " + box(a.Mailbox)
	}
	if len(m.Flags) > 0 {
		what += ", " + strings.Replace(condition(m.Flags), "unread and ", "", 1)
	}
	if m.Date != nil {
		what += ", dated " + moment(*m.Date)
	}
	if m.Header != nil && m.Header.Subject != "" {
		what += ", subject " + header(m.Header.Subject)
	}
	return what
}
