package explain

import (
	"strings"

	"mailtap/parse/imap/syntax"
)

func aclArgsNote(a *syntax.ACLArgs, name string) string {
	who, where := quote(a.Identifier), box(a.Mailbox)
	less, negative := strings.CutPrefix(a.Identifier, "-")
	switch {
	case negative && a.Rights != nil && *a.Rights == "":
		return "forbids " + quote(less) + " nothing in " + where + " any longer"
	case negative && a.Rights != nil:
		return "forbids " + quote(less) + " in " + where + " to " + rights(*a.Rights)
	case name == "DELETEACL":
		return "takes all rights of " + who + " in " + where
	case name == "LISTRIGHTS" || a.Rights == nil:
		return "asks which rights " + who + " could be given in " + where
	case strings.HasPrefix(*a.Rights, "-"):
		return "takes from " + who + " in " + where + " the rights to " + rights(*a.Rights)
	case strings.HasPrefix(*a.Rights, "+"):
		return "adds for " + who + " in " + where + " the rights to " + rights(*a.Rights)
	}
	return "lets " + who + " in " + where + " " + rights(*a.Rights)
}

// rights words the letters of an access control list.
func rights(letters string) string {
	var words []string
	for _, r := range strings.TrimLeft(letters, "+-") {
		if t, ok := syntax.Rights.Find(string(r)); ok {
			words = append(words, t.Meaning)
		} else {
			words = append(words, string(r))
		}
	}
	if len(words) == 0 {
		return "do nothing"
	}
	return andAll(words)
}

// listRightsNote words what someone could be given: rights that come together
// are told together.
func listRightsNote(d *syntax.ListRightsData) string {
	who := "in " + box(d.Mailbox) + ", " + quote(d.Identifier)
	note := who + " always may " + rights(d.Required)
	if d.Required == "" {
		note = who + " has no right that cannot be taken"
	}
	var could []string
	for _, letters := range d.Optional {
		word := rights(letters)
		if len(letters) > 1 {
			word += " (together)"
		}
		could = append(could, word)
	}
	return joined("; could be allowed to ", note, strings.Join(could, "; "))
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
