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
		if a.Silent {
			note += ", and wants to hear nothing back"
		}
		if a.UnchangedSince.Known {
			note += fmt.Sprintf(", unless %s changed since mod-sequence %d", it(a.Set), a.UnchangedSince.N)
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
		return convertNote(a, uid)
	case *syntax.ConversionsArgs:
		return "asks which conversions from " + quote(a.From) + " to " + quote(a.To) + " the server can do"
	case *syntax.CancelUpdateArgs:
		return "ends the updates of the results of " + and(a.Tags)
	case *syntax.UIDBatchesArgs:
		return uidBatchesNote(a)
	case *syntax.PartialArgs:
		last := a.First.N + a.Length.N - 1
		return fmt.Sprintf("asks for octets %d to %d of %s of %s, as it was done before FETCH could", a.First.N, last, itemWords(a.Item), messages(a.Set, false))
	}
	return urlNote(e)
}

// urlNote words the commands of URLAUTH.
func urlNote(e *event.Event) string {
	switch a := e.Data.(type) {
	case *syntax.URLFetchArgs:
		var names []string
		for _, u := range a.URLs {
			names = append(names, quote(u.URL))
		}
		return "asks for what the URL names: " + and(names)
	case *syntax.GenURLAuthArgs:
		var names []string
		for _, r := range a.Rumps {
			names = append(names, quote(r.URL))
		}
		return "asks for a URL that lets others read what this one names: " + and(names)
	case *syntax.ResetKeyArgs:
		if a.Mailbox == nil {
			return "makes all URLs void that were given out"
		}
		return "makes the URLs void that were given out for " + box(*a.Mailbox)
	}
	return ""
}

// uidBatchesNote words UIDBATCHES.
func uidBatchesNote(a *syntax.UIDBatchesArgs) string {
	note := fmt.Sprintf("asks for the UIDs of the mailbox in batches of %d messages", a.Size)
	if r := a.Range; r != nil {
		note += fmt.Sprintf(", batches %d to %d", r.From, r.To)
	}
	return note
}

// convertNote words CONVERT: "asks for part 3 of message 2 as image/gif".
func convertNote(a *syntax.ConvertArgs, uid bool) string {
	var words []string
	for _, i := range a.Items {
		words = append(words, itemWords(i))
	}
	to := "in another format"
	if a.To != nil {
		to = "as " + quote(*a.To)
	}
	return "asks for " + and(words) + " of " + messages(a.Set, uid) + " " + to
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
	note := "asks for " + firstOf(andAll(words), "nothing") + " of " + messages(a.Set, uid)
	if a.ChangedSince.Known {
		note += fmt.Sprintf(" that changed since mod-sequence %d", a.ChangedSince.N)
	}
	if a.Vanished {
		note += ", and which of them are gone"
	}
	if p := a.Partial; p != nil {
		note += ", " + page(*p)
	}
	if reads {
		note += "; " + them(a.Set) + " as read then"
	}
	return note
}

// it is the word for the messages of a set.
func it(s syntax.NumSet) string {
	if n, ok := s.Count(); ok && n == 1 {
		return "it"
	}
	return "they"
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

// page words a range of results.
func page(p syntax.PartialRange) string {
	if p.From < 0 {
		return fmt.Sprintf("results %d to %d from the end", -p.From, -p.To)
	}
	return fmt.Sprintf("results %d to %d", p.From, p.To)
}

var itemNames = map[string]string{
	"FLAGS": "the flags", "RFC822.SIZE": "the size", "UID": "the UID", "ENVELOPE": "the envelope",
	"INTERNALDATE": "the date of arrival", "BODY": "the structure", "BODYSTRUCTURE": "the structure",
	"MODSEQ": "the mod-sequence", "EMAILID": "the id that never changes", "THREADID": "the thread's id", "SAVEDATE": "the date on which it came into the mailbox",
}

// itemWords words one FETCH item.
func itemWords(i syntax.FetchItem) string {
	if i.Section != nil {
		return sectionWords(i.Section)
	}
	if i.Name == "ANNOTATION" && i.Value != nil && len(i.Value.List) > 0 {
		return "the annotations " + clip(i.Value.List[0].String(), maxQuote)
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
		word = joined(" ", "the header "+nouns(len(s.Fields), "field"), firstOf(and(s.Fields), "(none named)"))
	case s.Text == "HEADER.FIELDS.NOT":
		word = "all header fields but " + and(s.Fields)
	case s.Text == "MIME":
		word = "the MIME header"
	case s.Item == "BINARY.SIZE":
		word = "the decoded size"
	case s.Item == "BODYPARTSTRUCTURE":
		word = "the structure"
	case s.Item == "AVAILABLECONVERSIONS":
		word = "the possible conversions"
	case s.Part == "":
		word = "the whole text"
		if s.Item == "BINARY" || s.Item == "BINARY.PEEK" {
			word = "the whole decoded text"
		}
	}
	decoded := strings.HasPrefix(s.Item, "BINARY")
	if s.Part != "" && word == "" {
		word = "part " + s.Part
		if decoded {
			word = "the decoded part " + s.Part
		}
	} else if s.Part != "" {
		word += " of part " + s.Part
	}
	return word + octets(s)
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
	parts := 0 // from elsewhere: how large they are is not known
	for _, m := range a.Messages {
		total += uint64(max(m.Size, 0))
		parts += len(m.Catenate)
	}
	what := fmt.Sprintf("uploads a message of %s to %s", size(total), box(a.Mailbox))
	switch {
	case !a.Replaces.IsZero():
		what = "replaces " + messages(a.Replaces, uid) + " by a message of " + size(total) + " in " + box(a.Mailbox)
		if parts > 0 {
			what = "replaces " + messages(a.Replaces, uid) + " by a message put together from " + count(parts, "part") + " in " + box(a.Mailbox)
		}
	case parts > 0 && len(a.Messages) > 1:
		what = fmt.Sprintf("puts %d messages together from %s in %s", len(a.Messages), count(parts, "part"), box(a.Mailbox))
	case parts > 0:
		what = "puts a message together from " + count(parts, "part") + " in " + box(a.Mailbox)
	case len(a.Messages) > 1:
		what = fmt.Sprintf("uploads %d messages, %s in all, to %s", len(a.Messages), size(total), box(a.Mailbox))
	}
	if len(a.Messages) != 1 {
		return what
	}
	m := a.Messages[0]
	if len(m.Flags) > 0 {
		what += ", as " + strings.Replace(condition(m.Flags), "unread and ", "", 1)
	}
	if m.Date != nil {
		what += ", dated " + moment(*m.Date)
	}
	if m.Header != nil && m.Header.Subject != "" {
		what += ", subject " + header(m.Header.Subject)
	}
	return what
}
