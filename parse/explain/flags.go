package explain

import (
	"strings"

	"mailtap/parse/imap/syntax"

	"github.com/emersion/go-imap/v2"
)

// flagWord is a flag as an adjective: read, flagged, "$Work".
func flagWord(f imap.Flag) string {
	if strings.EqualFold(string(f), `\Deleted`) {
		return "marked as deleted"
	}
	if t, ok := syntax.Flags.Find(string(f)); ok && !strings.Contains(t.Meaning, ":") && !strings.Contains(t.Meaning, "its ") && !strings.Contains(t.Meaning, "JMAP") {
		return t.Meaning
	}
	if strings.EqualFold(string(f), `\Recent`) {
		return "recent"
	}
	return quote(string(f))
}

// condition is the flags of a message: "unread and flagged".
func condition(flags []imap.Flag) string {
	words := []string{"unread"}
	for _, f := range flags {
		if strings.EqualFold(string(f), `\Seen`) {
			words[0] = "read"
		} else {
			words = append(words, flagWord(f))
		}
	}
	return and(words)
}

// flagNames lists flags as they are said in a list of all that there are.
func flagNames(flags []imap.Flag) string {
	var words []string
	for _, f := range flags {
		if f != `\*` {
			words = append(words, flagWord(f))
		}
	}
	return and(words)
}

// changed is what STORE does with flags: "marks message 3 as deleted".
func changed(a *syntax.StoreArgs, what string) string {
	if a.Item == "X-GM-LABELS" {
		return labelsChanged(a, what)
	}
	words := flagNames(a.Flags)
	seen := len(a.Flags) == 1 && strings.EqualFold(string(a.Flags[0]), `\Seen`)
	switch {
	case a.Item == "ANNOTATION":
		return joined(": ", "changes annotations of "+what, annotationWords(a.Annotations))
	case a.Op == "+" && seen:
		return "marks " + what + " as read"
	case a.Op == "-" && seen:
		return "marks " + what + " as unread"
	case len(a.Flags) == 0 && a.Op == "":
		return "takes all flags from " + what
	case len(a.Flags) == 0:
		return "changes no flags of " + what
	case a.Op == "+" && words != "":
		return "marks " + what + " as " + strings.TrimPrefix(words, "marked as ")
	case words == "":
		return "changes flags of " + what
	case a.Op == "-":
		return "marks " + what + " as " + and(negated(a.Flags))
	}
	return "sets the flags of " + what + " to " + condition(a.Flags)
}

func annotationWords(n *syntax.Node) string {
	if n == nil {
		return ""
	}
	return clip(n.String(), maxQuote)
}

// negated is flags that are taken away: "not flagged", "unread".
func negated(flags []imap.Flag) (words []string) {
	for _, f := range flags {
		if strings.EqualFold(string(f), `\Seen`) {
			words = append(words, "unread")
			continue
		}
		word := strings.TrimPrefix(flagWord(f), "marked as ")
		if strings.HasPrefix(word, "not ") {
			words = append(words, "no longer "+quote(word))
			continue
		}
		words = append(words, "not "+word)
	}
	return words
}

func labelsChanged(a *syntax.StoreArgs, what string) string {
	var names []string
	for _, f := range a.Flags {
		names = append(names, quote(string(f)))
	}
	if len(names) == 0 {
		return "takes all labels from " + what
	}
	label := nouns(len(names), "label")
	switch a.Op {
	case "+":
		return "adds the " + label + " " + and(names) + " to " + what
	case "-":
		return "takes the " + label + " " + and(names) + " from " + what
	}
	return "sets the " + label + " of " + what + " to " + and(names)
}
