package explain

import (
	"fmt"
	"strings"

	"mailtap/parse/imap/syntax"
)

// sought words a search program, in what order, and how its result is wanted.
func sought(a *syntax.SearchArgs, order string) string {
	text := searchWords(a.Keys)
	var where []string
	for _, o := range a.In {
		if t, ok := syntax.NotifyEvents.Find(o.Name); ok {
			where = append(where, t.Meaning)
		}
	}
	if len(where) > 0 {
		text += " in " + and(where)
	}
	text += order
	var wants []string
	for _, o := range a.Return {
		if t, ok := syntax.SearchKeys.Find("RETURN " + o.Name); ok {
			wants = append(wants, t.Meaning)
		}
	}
	if len(wants) > 0 {
		text += "; wants " + and(wants)
	}
	return text
}

// searchWords words keys of which all must match.
func searchWords(keys []syntax.SearchKey) string {
	var words []string
	for _, k := range keys {
		if k.Key == "ALL" && len(keys) > 1 {
			continue
		}
		words = append(words, keyWords(k, 0))
	}
	if len(words) == 0 && len(keys) == 0 {
		return "messages"
	}
	if len(words) == 0 {
		return "all messages"
	}
	if len(words) == 1 && (keys[0].Key == "ALL" || keys[0].Key == "SET" || keys[0].Key == "UID") {
		return strings.TrimPrefix(words[0], "among ")
	}
	return "messages that are " + and(words)
}

// keyWords words one search key, to follow "messages that are".
func keyWords(k syntax.SearchKey, depth int) string {
	if depth > 4 {
		return "…"
	}
	sub := func(i int) string {
		if i >= len(k.Keys) {
			return "?"
		}
		return keyWords(k.Keys[i], depth+1)
	}
	switch k.Key {
	case "AND":
		var words []string
		for i := range k.Keys {
			words = append(words, sub(i))
		}
		return "(" + and(words) + ")"
	case "NOT":
		return "not " + sub(0)
	case "OR":
		return "either " + sub(0) + " or " + sub(1)
	case "FUZZY":
		return "nearly " + sub(0)
	case "SET", "UID":
		return "among " + messages(k.Set, k.Key == "UID")
	}
	return valueWords(k)
}

// valueWords words a key that has a value, or none.
func valueWords(k syntax.SearchKey) string {
	value := ""
	if k.Value != nil {
		value = *k.Value
	}
	switch k.Key {
	case "ALL":
		return "all messages"
	case "FROM", "TO", "CC", "BCC":
		return strings.ToLower(k.Key) + " " + quote(value)
	case "SUBJECT", "BODY", "TEXT":
		return "with " + quote(value) + " in the " + strings.ToLower(strings.Replace(k.Key, "TEXT", "header or body", 1))
	case "HEADER":
		return "with " + quote(value) + " in the header field " + k.Field
	case "KEYWORD":
		return "marked " + quote(value)
	case "EMAILID", "X-GM-MSGID":
		return "of the id " + value + k.Number.String()
	case "THREADID", "X-GM-THRID":
		return "of the thread " + value + k.Number.String()
	case "FILTER":
		return "found by the stored search " + quote(value)
	case "X-GM-RAW":
		return "found by Gmail's search for " + quote(value)
	case "UNKEYWORD":
		return "not marked " + quote(value)
	case "BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE", "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE":
		return meaning(syntax.SearchKeys, k.Key) + " " + day(value)
	case "LARGER", "SMALLER":
		return meaning(syntax.SearchKeys, k.Key) + " " + size(k.Number.N)
	case "OLDER", "YOUNGER":
		return strings.ToLower(k.Key) + " than " + seconds(k.Number.N)
	case "MODSEQ":
		return fmt.Sprintf("changed since mod-sequence %d", k.Number.N)
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
		if k.Reverse {
			word += " (the other way round)"
		}
		words = append(words, word)
	}
	return list(words, "then")
}
