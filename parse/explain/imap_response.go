package explain

import (
	"fmt"
	"strings"

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
		return numberNote(e.Name, d.Number)
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
		return listNote(d)
	case *syntax.StatusData:
		return box(d.Mailbox) + " has " + statusWords(d)
	case *syntax.SearchData:
		return foundNote(d)
	case *syntax.ESearchData:
		return esearchNote(d)
	case *syntax.ThreadData:
		return threadNote(d)
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
		return joined("; ", "in "+box(d.Mailbox)+", "+quote(d.Identifier)+" always may "+rights(d.Required),
			about("could be given", list(d.Optional, "and")))
	case *syntax.SetMetadataArgs:
		if d.Entries[0].Value == nil {
			return "changed annotations of " + place(d.Mailbox) + ": " + and(entries(d, "none"))
		}
		return "annotations of " + place(d.Mailbox) + ": " + and(entries(d, "none"))
	case *syntax.LanguageArgs:
		return "the server speaks " + and(d.Ranges)
	case *syntax.URLData:
		return "the same mail over JMAP: " + quote(d.URL)
	case *syntax.URLFetchData:
		return "what " + count(len(d.URLs), "URL") + " named"
	case *syntax.ComparatorArgs:
		return "the server compares texts by " + quote(d.Active)
	case *syntax.ConversionData:
		return "the server can make " + quote(d.To) + " of " + quote(d.From)
	case *syntax.ConvertedData:
		return fmt.Sprintf("parts of message %d in another format", d.Seq)
	}
	return generalNote(e)
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
		return "nothing found"
	}
	return count(len(d.Threads), "thread") + " of " + count(n, "message") + " found"
}

func quotaRootNote(d *syntax.QuotaRootData) string {
	if len(d.Roots) == 0 {
		return "no quota applies to " + box(d.Mailbox)
	}
	var names []string
	for _, r := range d.Roots {
		names = append(names, quote(r))
	}
	if len(names) == 1 {
		return box(d.Mailbox) + " falls under the quota root " + names[0]
	}
	return box(d.Mailbox) + " falls under the quota roots " + and(names)
}

// aclNote words who may do what; "-" before an identifier takes rights away.
func aclNote(d *syntax.ACLData) string {
	var words []string
	for _, a := range d.Entries {
		if who, ok := strings.CutPrefix(a.Identifier, "-"); ok {
			words = append(words, quote(who)+" may not "+rights(a.Rights))
		} else {
			words = append(words, quote(a.Identifier)+" may "+rights(a.Rights))
		}
	}
	if len(words) == 0 {
		words = []string{"nobody has rights"}
	}
	return "in " + box(d.Mailbox) + ", " + strings.Join(words, "; ")
}

func numberNote(name string, n uint32) string {
	switch name {
	case "EXISTS":
		return "the mailbox has " + count(n, "message") + " now"
	case "RECENT":
		if n == 0 {
			return "no session saw any of them for the first time"
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
	return "the server offers " + and(names)
}

// listNote words a mailbox of LIST.
func listNote(d *syntax.ListData) string {
	var words []string
	for _, a := range d.Attributes {
		if w := attributeWords(a); w != "" {
			words = append(words, w)
		}
	}
	if d.Mailbox.Name == "" && d.Delimiter != nil {
		return "the hierarchy's delimiter is " + quote(*d.Delimiter)
	}
	note := "the mailbox " + box(d.Mailbox)
	if d.OldName != nil {
		note += ", before " + box(*d.OldName)
	}
	return joined(" ", note, and(words))
}

// attributeWords words a mailbox attribute: "is for sent mail".
func attributeWords(a string) string {
	t, ok := syntax.MailboxAttributes.Find(a)
	if !ok {
		return "is " + quote(a)
	}
	switch strings.ToLower(a) {
	case `\hasnochildren`, `\unmarked`, `\marked`:
		return "" // nobody asks
	case `\all`, `\archive`, `\drafts`, `\flagged`, `\junk`, `\sent`, `\trash`, `\important`, `\inbox`, `\memos`, `\allmail`, `\spam`, `\starred`, `\scheduled`, `\snoozed`:
		return "is for " + t.Meaning
	case `\subscribed`, `\remote`:
		return "is " + t.Meaning
	}
	return t.Meaning
}

// statusWords words the counts of STATUS.
func statusWords(d *syntax.StatusData) string {
	var words []string
	for _, c := range []struct {
		n    syntax.Num
		word string
	}{{d.Messages, "message"}, {d.Unseen, "unread message"}, {d.Recent, "recent message"}, {d.Deleted, "deleted message"}} {
		if c.n.Known {
			words = append(words, count(c.n.N, c.word))
		}
	}
	if d.Size.Known {
		words = append(words, size(d.Size.N))
	}
	for _, c := range []struct {
		n    syntax.Num
		word string
	}{{d.UIDNext, "next UID"}, {d.UIDValidity, "UID validity"}, {d.HighestModSeq, "last mod-sequence"}} {
		if c.n.Known {
			words = append(words, fmt.Sprintf("%s %d", c.word, c.n.N))
		}
	}
	if d.MailboxID != "" {
		words = append(words, "the id "+d.MailboxID)
	}
	if d.AppendLimit.Known {
		words = append(words, "an upload limit of "+size(d.AppendLimit.N))
	}
	if len(words) == 0 {
		return "nothing to tell of"
	}
	return and(words)
}

func foundNote(d *syntax.SearchData) string {
	if len(d.Numbers) == 0 {
		return "nothing found"
	}
	return count(len(d.Numbers), "message") + " found: " + numbers(d.Numbers)
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
		words = append(words, fmt.Sprintf("the first is %d", d.Min.N))
	}
	if d.Max.Known {
		words = append(words, fmt.Sprintf("the last is %d", d.Max.N))
	}
	if p := d.Partial; p != nil {
		words = append(words, page(p.PartialRange)+": "+messages(p.Set, d.UID))
	}
	for _, p := range d.AddTo {
		words = append(words, "new in the result: "+messages(p.Set, d.UID))
	}
	for _, p := range d.RemoveFrom {
		words = append(words, "no longer in the result: "+messages(p.Set, d.UID))
	}
	if len(words) == 0 {
		words = []string{"nothing found"}
	}
	if d.Mailbox != nil {
		return "in " + box(*d.Mailbox) + ": " + strings.Join(words, ", ")
	}
	return strings.Join(words, ", ")
}

func namespaceNote(d *syntax.NamespaceData) string {
	var words []string
	for _, n := range []struct {
		list []syntax.Namespace
		what string
	}{{d.Personal, "own mailboxes"}, {d.Others, "other users' mailboxes"}, {d.Shared, "shared mailboxes"}} {
		var begin []string
		for _, s := range n.list {
			if s.Prefix.Name == "" {
				begin = append(begin, "have no prefix")
			} else {
				begin = append(begin, "begin with "+box(s.Prefix))
			}
		}
		if len(begin) > 0 {
			words = append(words, n.what+" "+strings.ReplaceAll(list(begin, "or"), ", begin with", ","))
		}
	}
	if len(words) == 0 {
		return "no namespaces"
	}
	return strings.Join(words, "; ")
}

func quotaNote(d *syntax.QuotaData) string {
	var words []string
	for _, r := range d.Resources {
		used := amount(r.Resource, r.Usage)
		if (r.Resource == "MESSAGE" || r.Resource == "MAILBOX") && r.Limit > 0 {
			used = fmt.Sprint(r.Usage)
		}
		word := used + " of " + amount(r.Resource, r.Limit)
		if r.Limit > 0 {
			word += fmt.Sprintf(" used (%d %%)", uint64(float64(r.Usage)/float64(r.Limit)*100))
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "the quota root " + quote(d.Root) + " has no limits"
	}
	return and(words)
}
