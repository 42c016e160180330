package explain

import (
	"fmt"
	"strconv"
	"strings"

	"mailtap/parse/imap/syntax"
)

// listNote words a mailbox of LIST and its kin.
func listNote(d *syntax.ListData, name string) string {
	if d.Mailbox.Name == "" {
		if d.Delimiter == nil {
			return "there is no hierarchy: mailboxes have no others below them"
		}
		return "the hierarchy's delimiter is " + quote(*d.Delimiter)
	}
	var words []string
	for _, a := range d.Attributes {
		w := attributeWords(a)
		if name == "LSUB" && strings.EqualFold(a, `\Noselect`) {
			w = "is not subscribed, but mailboxes below it are" // RFC 3501 §6.3.9
		}
		if w != "" {
			words = append(words, w)
		}
	}
	if len(d.ChildInfo) > 0 {
		words = append(words, "has mailboxes below it that match: "+strings.ToLower(and(d.ChildInfo)))
	}
	if d.OldName != nil {
		words = append(words, "was called "+box(*d.OldName)+" before")
	}
	if len(words) == 0 {
		words = []string{"exists"}
		if name == "LSUB" {
			words = []string{"is subscribed"}
		}
	}
	return "the mailbox " + box(d.Mailbox) + " " + and(words)
}

// attributeWords words a mailbox attribute: "is for sent mail".
func attributeWords(a string) string {
	t, ok := syntax.MailboxAttributes.Find(a)
	if !ok {
		return "is " + quote(a)
	}
	switch strings.ToLower(a) {
	case `\hasnochildren`, `\unmarked`:
		return "" // nobody asks
	case `\inbox`:
		return "is the inbox"
	case `\all`, `\archive`, `\drafts`, `\flagged`, `\junk`, `\sent`, `\trash`, `\important`, `\memos`, `\allmail`, `\spam`, `\starred`, `\scheduled`, `\snoozed`:
		return "is for " + t.Meaning
	case `\subscribed`, `\remote`:
		return "is " + t.Meaning
	}
	return t.Meaning
}

// statusDataNote words STATUS: "INBOX has 17 messages, 2 of them unread".
func statusDataNote(d *syntax.StatusData) string {
	var words []string
	if d.Messages.Known {
		words = append(words, count(d.Messages.N, "message"))
	}
	for _, c := range []struct {
		n          syntax.Num
		what, some string
	}{{d.Unseen, "unread message", "unread"}, {d.Recent, "recent message", "recent"}, {d.Deleted, "message", "marked as deleted"}} {
		switch {
		case !c.n.Known, d.Messages.Known && d.Messages.N == 0 && c.n.N == 0:
		case d.Messages.Known && c.n.N == 0:
			words = append(words, "none "+c.some)
		case d.Messages.Known:
			words = append(words, strconv.FormatUint(c.n.N, 10)+" "+c.some)
		case c.what == "message":
			words = append(words, count(c.n.N, c.what)+" "+c.some)
		default:
			words = append(words, count(c.n.N, c.what))
		}
	}
	if d.Size.Known {
		words = append(words, size(d.Size.N)+" in all")
	}
	has := ""
	if len(words) > 0 {
		has = "has " + strings.Join(words, ", ")
	}
	rest := statusNumbers(d)
	if has == "" && len(rest) == 0 {
		return "nothing is told of " + box(d.Mailbox)
	}
	if has == "" {
		return box(d.Mailbox) + ": " + strings.Join(rest, "; ")
	}
	return joined("; ", box(d.Mailbox)+" "+has, strings.Join(rest, "; "))
}

// statusNumbers words what else STATUS tells.
func statusNumbers(d *syntax.StatusData) (words []string) {
	if d.DeletedStorage.Known {
		words = append(words, "expunging would free "+size(d.DeletedStorage.N))
	}
	for _, c := range []struct {
		n    syntax.Num
		word string
	}{{d.UIDNext, "the next message gets UID"}, {d.UIDValidity, "UID validity"}, {d.HighestModSeq, "the last change has mod-sequence"}} {
		if c.n.Known {
			words = append(words, fmt.Sprintf("%s %d", c.word, c.n.N))
		}
	}
	if d.MailboxID != "" {
		words = append(words, "id "+d.MailboxID)
	}
	if d.AppendLimit.Known {
		words = append(words, "uploads may have at most "+size(d.AppendLimit.N))
	}
	for _, o := range d.Other {
		if o.Name == "APPENDLIMIT" {
			words = append(words, "uploads may have any size")
		}
	}
	return words
}

func namespaceNote(d *syntax.NamespaceData) string {
	var words []string
	for _, n := range []struct {
		list []syntax.Namespace
		what string
	}{{d.Personal, "own mailboxes"}, {d.Others, "other users' mailboxes"}, {d.Shared, "shared mailboxes"}} {
		if len(n.list) > 0 {
			words = append(words, n.what+" "+prefixes(n.list))
		}
	}
	if len(words) == 0 {
		return "no namespaces"
	}
	return strings.Join(words, "; ")
}

// prefixes words how the names of mailboxes begin: 'have no prefix and "/"
// between levels'.
func prefixes(list []syntax.Namespace) string {
	var begin []string
	none, delimiter := false, list[0].Delimiter
	for _, s := range list {
		if s.Prefix.Name == "" {
			none = true
		} else {
			begin = append(begin, box(s.Prefix))
		}
		if delimiter == nil || s.Delimiter == nil || *s.Delimiter != *delimiter {
			delimiter = nil
		}
	}
	words := about("begin with", strings.Join(begin, ", "))
	if none {
		words = joined(" or ", "have no prefix", words)
	}
	if delimiter != nil {
		words += ", with " + quote(*delimiter) + " between levels"
	}
	return words
}

// rootName is a quota root's name to begin with; those that have none need none.
// used is how much of a quota is used: "1.0 GB of 2.0 GB used (50 %)".
