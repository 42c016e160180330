package compare

import (
	"encoding/json"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
)

// Meaning is what a command asks for, as text: equal for two commands that
// mean the same, however they are written. Tags, quoting, the case of names,
// the order of what FETCH and STATUS ask for and the form of number sets do not
// count; the numbers do. Of a login only the kind counts.
func Meaning(e *event.Event) string {
	if login(e.Name) || e.Name == "ID" {
		return e.Name + " " + mechanism(e)
	}
	if e.Proto == event.POP3 {
		return pop3Meaning(e)
	}
	tree, ok := tree(e.Data)
	if !ok || e.Error != "" {
		_, arguments, _ := strings.Cut(strings.TrimPrefix(withoutTag(e), "UID "), " ")
		return strings.TrimSpace(e.Name + " " + arguments)
	}
	return e.Name + " " + flat(tidy("", tree))
}

func pop3Meaning(e *event.Event) string {
	words := []string{e.Name}
	if d, ok := e.Data.(*pop3.Arguments); ok && d != nil {
		for _, n := range []*int64{d.Message, d.Lines} {
			if n != nil {
				words = append(words, strconv.FormatInt(*n, 10))
			}
		}
		return strings.Join(append(words, d.Args...), " ")
	}
	_, arguments, _ := strings.Cut(e.Text, " ")
	return strings.TrimSpace(e.Name + " " + strings.TrimSpace(arguments))
}

// login tells commands that carry credentials.
func login(name string) bool {
	switch name {
	case "LOGIN", "AUTHENTICATE", "USER", "PASS", "APOP", "AUTH":
		return true
	}
	return false
}

// mechanism is the SASL mechanism of a login, whose other arguments differ.
func mechanism(e *event.Event) string {
	if e.Name != "AUTH" && e.Name != "AUTHENTICATE" {
		return ""
	}
	if words := strings.Fields(withoutTag(e)); len(words) > 1 {
		return strings.ToUpper(words[1])
	}
	return ""
}

// tree is data as encoding/json's tree. Commands without data are nil.
func tree(data any) (any, bool) {
	if data == nil {
		return nil, true
	}
	text, err := json.Marshal(data)
	if err != nil {
		return nil, false
	}
	var t any
	return t, json.Unmarshal(text, &t) == nil
}

// unordered are the lists whose order means nothing.
var unordered = map[string]bool{"items": true, "flags": true, "capabilities": true, "return": true}

// spelling is what says how a command was written, not what it means.
var spelling = map[string]bool{"wire": true, "non_sync": true, "form": true, "shape": true, "header": true}

// tidy takes out of a tree how the command was written.
func tidy(name string, t any) any {
	switch t := t.(type) {
	case map[string]any:
		for k, v := range t {
			if spelling[k] {
				delete(t, k)
				continue
			}
			t[k] = tidy(k, v)
		}
	case []any:
		for i := range t {
			t[i] = tidy("", t[i])
		}
		if unordered[name] {
			sort.Slice(t, func(i, j int) bool { return flat(t[i]) < flat(t[j]) })
		}
	case string:
		switch name {
		case "set", "replaces", "match_seq", "match_uids", "known_uids":
			return Numbers(t)
		}
	}
	return t
}

// flat is a tree as text; names of maps are sorted.
func flat(t any) string {
	if t == nil {
		return ""
	}
	text, _ := json.Marshal(t) // a tree of json's own always has a text
	return string(text)
}

// Numbers is a set of numbers in the one form that all sets of the same
// numbers have: ascending, ranges joined. What is no such set comes back as it is.
func Numbers(set string) string {
	type span struct{ from, to uint64 }
	const last = 1 << 32 // "*": behind every number
	var spans []span
	number := func(text string) (uint64, bool) {
		if text == "*" {
			return last, true
		}
		n, err := strconv.ParseUint(text, 10, 32)
		return n, err == nil
	}
	for part := range strings.SplitSeq(set, ",") {
		from, to, isRange := strings.Cut(part, ":")
		if !isRange {
			to = from
		}
		x, ok := number(from)
		y, also := number(to)
		if !ok || !also {
			return set
		}
		spans = append(spans, span{min(x, y), max(x, y)})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(int64(a.from) - int64(b.from)) })
	joined := spans[:1]
	for _, s := range spans[1:] {
		if l := &joined[len(joined)-1]; s.from <= l.to+1 && s.from != last {
			l.to = max(l.to, s.to)
			continue
		}
		joined = append(joined, s)
	}
	text := func(n uint64) string {
		if n == last {
			return "*"
		}
		return strconv.FormatUint(n, 10)
	}
	var b strings.Builder
	for i, s := range joined {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text(s.from))
		if s.to != s.from {
			b.WriteString(":" + text(s.to))
		}
	}
	return b.String()
}

// What differs between any two runs of the same thing.
var (
	mask      = regexp.MustCompile(`"?\*{2,}"?`)
	literal   = regexp.MustCompile(`\{[0-9]+ bytes\}`)
	date      = regexp.MustCompile(`"[ 0-3][0-9]-[A-Z][a-z]{2}-[0-9]{4} [0-9:]{8} [+-][0-9]{4}"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)`)
	volatile  = regexp.MustCompile(`"(qresync|changedsince|unchangedsince)":(\{[^{}]*\}|[0-9]+)`)
	uids      = regexp.MustCompile(`"(set|replaces)":"[^"]*"`)
	day       = regexp.MustCompile(`"[0-9]{4}-[0-9]{2}-[0-9]{2}"`)
	validity  = regexp.MustCompile(`\b(UIDVALIDITY|HIGHESTMODSEQ|MODSEQ|UIDNEXT|CHANGEDSINCE|UNCHANGEDSINCE)([ (]+)[0-9]+`)
	token     = regexp.MustCompile(`[A-Za-z0-9+/_-]{24,}={0,2}`)
	stamp     = regexp.MustCompile(`<[^<>@ ]+@[^<>@ ]+>`)
	timestamp = regexp.MustCompile(`\s*<[^<>]*>\s*$`) // of a POP3 greeting, RFC 1939 §7
	// A POP3 command with a message-number.
	messageNumber = regexp.MustCompile(`^(RETR|TOP|DELE|LIST|UIDL) [0-9]+`)

	digit = regexp.MustCompile(`[0-9]`)
)

// key is what a command is aligned by: its meaning without what differs
// between any two runs.
func (o Options) key(e *event.Event) string {
	if o.OwnLogin && login(e.Name) {
		return "login"
	}
	k := Meaning(e)
	if o.OwnLogin && !o.ClientOnly && e.Proto == event.POP3 { // a replayed client finds messages by their unique-ids
		k = messageNumber.ReplaceAllString(k, "$1 #")
	}
	if strings.HasPrefix(e.Name, "UID ") && !o.ClientOnly { // a replayed server has the recorded UIDs
		k = uids.ReplaceAllString(k, `"$1":"#"`)
	}
	return normal(volatile.ReplaceAllString(k, `"$1":#`))
}

// own reports whether replay has a command of its own for what this one is for.
func (o Options) own(e *event.Event) bool {
	switch e.Name {
	case "STARTTLS", "STLS", "COMPRESS", "CAPABILITY", "CAPA", "USER":
		return o.OwnLogin
	case "AUTH":
		return o.OwnLogin && mechanism(e) == ""
	}
	return false
}

// without leaves out of a capability list what depends on how TLS began.
func (o Options) without(list []string) []string {
	if !o.OwnLogin {
		return list
	}
	return slices.DeleteFunc(list, func(c string) bool {
		return c == "STARTTLS" || c == "STLS" || c == "LOGINDISABLED" || strings.HasPrefix(c, "COMPRESS=")
	})
}

// normal is text without tokens, dates, times stamps and secrets.
func normal(text string) string {
	text = mask.ReplaceAllString(text, "***")
	text = literal.ReplaceAllString(text, "{}")
	text = date.ReplaceAllString(text, "DATE")
	text = day.ReplaceAllString(text, "DATE")
	text = validity.ReplaceAllString(text, "$1$2#")
	text = stamp.ReplaceAllString(text, "<>")
	return token.ReplaceAllStringFunc(text, func(t string) string {
		if digit.MatchString(t) {
			return "TOKEN"
		}
		return t
	})
}
