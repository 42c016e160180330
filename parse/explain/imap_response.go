package explain

import (
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// dataNote words untagged data.
func dataNote(e *event.Event) string {
	if _, fetch := e.Data.(*syntax.FetchData); e.Odd&event.OddUnread != 0 && !fetch {
		return generalNote(e)
	}
	switch d := e.Data.(type) {
	case *syntax.NumberData:
		return numberNote(e, d.Number)
	case *syntax.FetchData:
		return fetchNote(d)
	case *syntax.CapabilityData:
		return capabilityNote(e.Name, d)
	case *syntax.FlagsData:
		if len(d.Flags) == 0 {
			return "the mailbox has no flags"
		}
		return "flags in use here: " + flagNames(d.Flags)
	case *syntax.ListData:
		return listNote(d, e.Name)
	case *syntax.StatusData:
		return statusDataNote(d)
	case *syntax.SearchData:
		return foundOr(e, foundNote(d))
	case *syntax.ESearchData:
		return foundOr(e, esearchNote(d))
	case *syntax.ThreadData:
		return foundOr(e, threadNote(d))
	case *syntax.VanishedData:
		if d.Earlier {
			return "gone since the client last looked: " + messages(d.UIDs, true)
		}
		return "gone now: " + messages(d.UIDs, true)
	case *syntax.ID:
		return idNote(d, "the server")
	case *syntax.NamespaceData:
		return namespaceNote(d)
	}
	return rareNote(e)
}

// nothingFound is a search without a result.
const nothingFound = "nothing found"

// foundOr is what was found; where nothing could be read, it says no more than
// that it is a result.
func foundOr(e *event.Event, note string) string {
	if e.Error != "" && note == nothingFound && !strings.Contains(e.Error, "trailing space") {
		return generalNote(e)
	}
	return note
}

// rareNote words the data of extensions; "" where there is nothing to say.
func rareNote(e *event.Event) string {
	switch d := e.Data.(type) {
	case *syntax.QuotaData:
		return quotaNote(d)
	case *syntax.QuotaRootData:
		return quotaRootNote(d)
	case *syntax.ACLData:
		return aclNote(d)
	case *syntax.MyRightsData:
		return "in " + box(d.Mailbox) + ", the user may " + rights(d.Rights)
	case *syntax.ListRightsData:
		return listRightsNote(d)
	case *syntax.SetMetadataArgs:
		if d.Entries[0].Value == nil {
			return "changed annotations of " + place(d.Mailbox) + ": " + and(entries(d, "none"))
		}
		return "annotations of " + place(d.Mailbox) + ": " + and(entries(d, "none"))
	case *syntax.LanguageArgs:
		switch len(d.Ranges) {
		case 0:
			return generalNote(e)
		case 1:
			return "the server's texts for people are in " + d.Ranges[0]
		}
		return "the server can write texts for people in " + and(d.Ranges)
	case *syntax.URLData:
		return "the same mail over JMAP: " + quote(d.URL)
	case *syntax.URLFetchData:
		return urlFetchNote(d)
	case *syntax.URLsData:
		if len(d.URLs) == 0 {
			return generalNote(e)
		}
		return "whoever has this URL may read the message that it names: " + and(quoted(d.URLs))
	case *syntax.ComparatorArgs:
		return joined("; could also do it by ", "the server compares texts by "+quote(d.Active), and(quoted(d.Choices)))
	case *syntax.ConversionData:
		return "the server can make " + quote(d.To) + " of " + quote(d.From)
	case *syntax.ConvertedData:
		return fmt.Sprintf("parts of message %d in another format", d.Seq)
	case *syntax.UIDBatchesData:
		if len(d.Ranges.Ranges) == 0 {
			return "no batches: the mailbox is empty"
		}
		return count(len(d.Ranges.Ranges), "batch") + " of UIDs: " + ranges(d.Ranges)
	case *syntax.PushArgs:
		return joined(", under the topic ", "new mail will be announced by Apple's push service", pushTopic(d))
	case *syntax.MailboxData:
		return "there is " + box(d.Mailbox)
	case *syntax.AnnotationArgs:
		return "annotations of " + place(d.Mailbox) + ", the way before METADATA: " + treeWords(d.Entries)
	}
	return generalNote(e)
}

func quoted(names []string) (words []string) {
	for _, n := range names {
		words = append(words, quote(n))
	}
	return words
}

// pushTopic is what devices subscribe to at Apple, in quotes.
func pushTopic(d *syntax.PushArgs) string {
	for _, p := range d.Params {
		if strings.EqualFold(p.Name, "aps-topic") && p.Value != nil {
			return quote(p.Value.Text)
		}
	}
	return ""
}

// urlFetchNote words what came of URLs.
func urlFetchNote(d *syntax.URLFetchData) string {
	var words []string
	for _, u := range d.URLs {
		switch {
		case u.Size.Known:
			words = append(words, quote(u.URL)+" has "+size(u.Size.N))
		case len(u.Params) > 0:
			words = append(words, "the structure of "+quote(u.URL))
		default:
			words = append(words, quote(u.URL)+" cannot be had")
		}
	}
	return and(words)
}

// generalNote words untagged data by its name alone.
func generalNote(e *event.Event) string {
	for _, prefix := range []string{"", "n ", "u "} {
		if t, ok := syntax.Responses.Find(prefix + e.Name); ok {
			return t.Meaning
		}
	}
	if e.Name != "" {
		return "no data of IMAP that is known here"
	}
	return ""
}

// threadNote words THREAD: how many threads of how many messages.
func threadNote(d *syntax.ThreadData) string {
	n := 0
	var walk func(list []syntax.Thread)
	walk = func(list []syntax.Thread) {
		for _, t := range list {
			n += len(t.Numbers)
			walk(t.Replies)
		}
	}
	walk(d.Threads)
	if n == 0 {
		return nothingFound
	}
	return count(n, "message") + " found, in " + count(len(d.Threads), "thread")
}

func numberNote(e *event.Event, n uint32) string {
	switch e.Name {
	case "EXISTS":
		if e.For == "SELECT" || e.For == "EXAMINE" {
			return "the mailbox has " + count(n, "message")
		}
		return "the mailbox has " + count(n, "message") + " now"
	case "RECENT":
		if n == 0 {
			return "no message is here for the first time"
		}
		return count(n, "message") + " that no session saw before"
	case "EXPUNGE":
		return fmt.Sprintf("message %d is gone; those behind it move up by one", n)
	}
	return ""
}

func capabilityNote(name string, d *syntax.CapabilityData) string {
	var names []string
	for _, c := range d.Capabilities {
		names = append(names, string(c))
	}
	if name == "ENABLED" {
		if len(names) == 0 {
			return "nothing was switched on"
		}
		return "switched on now: " + and(names)
	}
	if len(names) == 0 {
		return "the server names no capability"
	}
	return offered(d)
}

// offered words a list of capabilities: what it speaks, how to log in, and what
// else there is.
func offered(d *syntax.CapabilityData) string {
	var speaks, logins, others []string
	refused := ""
	for _, c := range d.Capabilities {
		switch name := string(c); {
		case strings.HasPrefix(strings.ToUpper(name), "IMAP4"):
			speaks = append(speaks, name)
		case strings.HasPrefix(strings.ToUpper(name), "AUTH="):
			logins = append(logins, name[len("AUTH="):])
		case strings.EqualFold(name, "LOGINDISABLED"):
			refused = "LOGIN is refused for now (LOGINDISABLED)"
		default:
			others = append(others, name)
		}
	}
	note := joined("; ", about("the server speaks", and(speaks)), about("logins by", list(logins, "or")), refused)
	if note == "" {
		return "the server offers " + and(others)
	}
	return joined("; ", note, about("offers", and(others)))
}

func foundNote(d *syntax.SearchData) string {
	if len(d.Numbers) == 0 {
		return nothingFound
	}
	note := count(len(d.Numbers), "message") + " found: " + numbers(d.Numbers)
	if d.ModSeq > 0 {
		note += fmt.Sprintf("; the last change of them has mod-sequence %d", d.ModSeq)
	}
	return note
}

// esearchNote words ESEARCH.
func esearchNote(d *syntax.ESearchData) string {
	var words []string
	if d.Count.Known {
		words = append(words, count(d.Count.N, "message")+" found")
	}
	if !d.All.IsZero() {
		words = append(words, messages(d.All, d.UID))
	}
	if d.Min.Known {
		words = append(words, "the first is "+messages(one(d.Min), d.UID))
	}
	if d.Max.Known {
		words = append(words, "the last is "+messages(one(d.Max), d.UID))
	}
	if p := d.Partial; p != nil {
		words = append(words, page(p.PartialRange)+": "+messages(p.Set, d.UID))
	}
	words = append(words, changes("new in the result", d.AddTo, d.UID)...)
	words = append(words, changes("no longer in the result", d.RemoveFrom, d.UID)...)
	if len(d.Relevancy) > 0 {
		words = append(words, "they fit to "+numbers(d.Relevancy)+" of 100")
	}
	if d.ModSeq > 0 {
		words = append(words, fmt.Sprintf("the last change of them has mod-sequence %d", d.ModSeq))
	}
	if len(words) == 0 {
		words = []string{nothingFound}
	}
	if d.Mailbox != nil {
		return "in " + box(*d.Mailbox) + ": " + strings.Join(words, ", ")
	}
	return strings.Join(words, ", ")
}

// changes words what came to a live result, or left it.
func changes(what string, list []syntax.AtPosition, uid bool) []string {
	var words []string
	for _, p := range list {
		word := messages(p.Set, uid)
		if p.Position > 0 {
			word += fmt.Sprintf(" at place %d", p.Position)
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return nil
	}
	return []string{what + ": " + and(words)}
}

// one is the set of a single number.
func one(n syntax.Num) (s syntax.NumSet) {
	s.Ranges = append(s.Ranges, imap.SeqRange{Start: uint32(n.N), Stop: uint32(n.N)})
	return s
}
