package explain

import (
	"strings"

	"mailtap/parse/imap/syntax"
)

// getMetadataNote words GETMETADATA with its options.
func getMetadataNote(a *syntax.GetMetadataArgs) string {
	note := "asks for annotations of " + place(a.Mailbox) + ": " + and(entryNames(a.Entries))
	switch a.Depth {
	case "1":
		note += ", and those one level below"
	case "INFINITY":
		note += ", and all below"
	}
	if a.MaxSize.Known {
		note += ", none of more than " + size(a.MaxSize.N)
	}
	return note
}

// entryNames says of the annotations that the RFC defines what they are.
func entryNames(names []string) (words []string) {
	for _, n := range names {
		if meaning, ok := knownEntries[strings.ToLower(n)]; ok {
			n += " (" + meaning + ")"
		}
		words = append(words, n)
	}
	return words
}

// knownEntries are annotations with a meaning: RFC 5464 §6.2, RFC 6154 §4.
var knownEntries = map[string]string{
	"/shared/comment": "a remark that all can see", "/private/comment": "the user's own remark",
	"/shared/admin": "how to reach the administrator", "/private/specialuse": "what the mailbox is for",
}

// treeWords is data of no grammar as it was written.
func treeWords(t syntax.Tree) string {
	var words []string
	for _, n := range t {
		words = append(words, n.String())
	}
	return clip(strings.Join(words, " "), maxQuote)
}

// place is what METADATA is about: a mailbox, or with no name the server.
func place(m syntax.Mailbox) string {
	if m.Name == "" {
		return "the server"
	}
	return box(m)
}

// entries lists annotations; without is what NIL says.
func entries(a *syntax.SetMetadataArgs, without string) (words []string) {
	for _, m := range a.Entries {
		word := entryNames([]string{m.Entry})[0]
		switch {
		case m.Value == nil:
		case m.Value.Kind == syntax.KindNIL:
			word += ": " + without
		case m.Value.Text != "":
			word += ": " + quote(m.Value.Text)
		}
		words = append(words, word)
	}
	return words
}
