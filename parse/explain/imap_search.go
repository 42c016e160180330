package explain

import (
	"fmt"
	"strings"

	"mailtap/parse/imap/syntax"
)

// sought words a search program, in what order, and how its result is wanted.
func sought(a *syntax.SearchArgs, order string) string {
	text := searchWords(a.Keys)
	if c := strings.ToUpper(a.Charset); c != "" && c != "UTF-8" && c != "US-ASCII" {
		text += " (written in " + quote(a.Charset) + ")"
	}
	var where []string
	for _, o := range a.In {
		where = append(where, filtered(o))
	}
	if len(where) > 0 {
		text += " in " + and(where)
	}
	text += order
	var wants []string
	hint := ""
	for _, o := range a.Return {
		switch t, ok := syntax.SearchKeys.Find("RETURN " + o.Name); {
		case o.Name == "PARTIAL" && o.Value != nil:
			wants = append(wants, "results "+strings.ReplaceAll(strings.ReplaceAll(o.Value.Text, "-", ""), ":", " to ")+fromEnd(o.Value.Text))
		case o.Name == "CONTEXT":
			hint = "; says that it will ask again"
		case ok:
			wants = append(wants, t.Meaning)
		}
	}
	if len(wants) > 0 {
		text += "; wants " + andAll(wants)
	}
	return text + hint
}

// fromEnd tells a range of results that is counted from the last one.
func fromEnd(page string) string {
	if strings.HasPrefix(page, "-") {
		return " from the end"
	}
	return ""
}

// everything reports whether a set is all that there is, and so says nothing.
func everything(s syntax.NumSet) bool {
	return len(s.Ranges) == 1 && s.Ranges[0].Start == 1 && s.Ranges[0].Stop == 0
}

// searchWords words keys of which all must match.
func searchWords(keys []syntax.SearchKey) string {
	if len(keys) == 1 {
		switch k := keys[0]; k.Key {
		case "ALL":
			return "all messages"
		case "SET", "UID":
			return messages(k.Set, k.Key == "UID")
		}
	}
	var words []string
	for _, k := range keys {
		if k.Key != "ALL" && !(k.Key == "SET" || k.Key == "UID") || (k.Key == "SET" || k.Key == "UID") && !everything(k.Set) {
			words = append(words, keyWords(k, false, min(len(keys)-1, 1)))
		}
	}
	switch {
	case len(keys) == 0:
		return "messages"
	case len(words) == 0:
		return "all messages"
	}
	return "messages that " + sameVerb(words)
}

// sameVerb joins what is said of messages, and says the verb once: "are read,
// flagged and have "x" in the subject".
func sameVerb(words []string) string {
	short := append([]string(nil), words...)
	for i := 1; i < len(words); i++ {
		for _, verb := range []string{"are ", "have "} {
			if strings.HasPrefix(words[i-1], verb) && strings.HasPrefix(words[i], verb) {
				short[i] = strings.TrimPrefix(words[i], verb)
			}
		}
	}
	return and(short)
}

// maxKeys is how deep search keys are worded.
const maxKeys = 4

// keyWords words one search key, to follow "messages that"; not turns it
// round. Where depth is 0 nothing stands beside it.
func keyWords(k syntax.SearchKey, not bool, depth int) string {
	if depth > maxKeys {
		return "…"
	}
	switch k.Key {
	case "NOT":
		if len(k.Keys) == 1 {
			return keyWords(k.Keys[0], !not, depth+1)
		}
		return "…"
	case "AND", "OR":
		var words []string
		for _, sub := range k.Keys {
			words = append(words, keyWords(sub, not, depth+1))
		}
		switch {
		case len(words) == 1:
			return words[0]
		case k.Key == "OR" != not && depth == 0:
			return "either " + list(words, "or")
		case k.Key == "OR" != not:
			return "(either " + list(words, "or") + ")"
		case depth == 0:
			return sameVerb(words)
		}
		return "(" + sameVerb(words) + ")"
	case "FUZZY":
		if len(k.Keys) == 1 {
			return keyWords(k.Keys[0], not, depth+1) + ", or nearly so"
		}
		return "…"
	}
	return turned(valueWords(k), not)
}

// turned makes a phrase of what a key says, with its verb.
func turned(words string, not bool) string {
	what, have := strings.CutPrefix(words, "with ")
	if without, ok := strings.CutPrefix(words, "not "); ok && not {
		return "are " + without
	}
	switch {
	case have && not:
		return "do not have " + what
	case have:
		return "have " + what
	case not:
		return "are not " + words
	}
	return "are " + words
}

// valueWords words a key that has a value, or none.
func valueWords(k syntax.SearchKey) string {
	value := ""
	if k.Value != nil {
		value = *k.Value
	}
	switch k.Key {
	case "SET", "UID":
		return "among " + messages(k.Set, k.Key == "UID")
	case "FROM", "TO":
		return strings.ToLower(k.Key) + " " + quote(value)
	case "CC", "BCC":
		return "with " + quote(value) + " in " + strings.ToUpper(k.Key[:1]) + strings.ToLower(k.Key[1:])
	case "SUBJECT", "BODY", "TEXT":
		if value == "" {
			return "with any " + strings.ToLower(k.Key)
		}
		return "with " + quote(value) + " in the " + strings.ToLower(strings.Replace(k.Key, "TEXT", "header or body", 1))
	case "HEADER":
		if value == "" {
			return "with a header field " + k.Field
		}
		return "with " + quote(value) + " in the header field " + k.Field
	case "KEYWORD":
		return "marked " + quote(value)
	case "EMAILID", "X-GM-MSGID":
		return "with the id " + value + k.Number.String()
	case "THREADID", "X-GM-THRID":
		return "of the thread " + value + k.Number.String()
	case "FILTER":
		return "found by the stored search " + quote(value)
	case "X-GM-RAW":
		return "found by Gmail's search for " + quote(value)
	case "X-GM-LABELS":
		return "with the label " + quote(value)
	case "ANNOTATION":
		return "with " + quote(value) + " in the annotation " + k.Field
	case "UNKEYWORD":
		return "not marked " + quote(value)
	case "BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE", "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE":
		return meaning(syntax.SearchKeys, k.Key) + " " + day(value)
	case "LARGER", "SMALLER":
		return meaning(syntax.SearchKeys, k.Key) + " " + size(k.Number.N)
	case "OLDER", "YOUNGER":
		return strings.ToLower(k.Key) + " than " + seconds(k.Number.N)
	case "UIDAFTER", "UIDBEFORE":
		return fmt.Sprintf("%s %d", meaning(syntax.SearchKeys, k.Key), k.Number.N)
	case "MODSEQ":
		what := "with changes "
		if flag, ok := strings.CutPrefix(k.Field, "/flags/"); ok {
			what = "with changes of the flag " + quote(flag) + " "
		}
		return fmt.Sprintf("%ssince mod-sequence %d", what, k.Number.N)
	}
	if k.Value != nil {
		return meaning(syntax.SearchKeys, k.Key) + " " + quote(value)
	}
	return meaning(syntax.SearchKeys, k.Key)
}

// meaning is what a name means, or the name.
func meaning(table syntax.Terms, name string) string {
	if t, ok := table.Find(name); ok {
		return t.Meaning
	}
	return name
}

// sorted words SORT's keys.
func sorted(keys []syntax.SortKey) string {
	var words []string
	for _, k := range keys {
		word := meaning(syntax.SortKeys, k.Key)
		if k.Key == "ANNOTATION" {
			word = "the annotation " + k.Entry
		}
		if k.Reverse {
			word += " (the other way round)"
		}
		words = append(words, word)
	}
	return list(words, "then")
}
