package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailtap/parse/imap/syntax"
	"mailtap/parse/wire"
)

const (
	maxNote  = 400 // runes of a note
	maxQuote = 70  // runes of a text that a peer wrote
	maxNames = 6   // names and numbers that a note lists
)

// clip is text cut to n runes.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}

// quote is a text that a peer wrote, in quotes.
func quote(text string) string { return `"` + clip(text, maxQuote) + `"` }

// size is octets as people read them: 812 bytes, 48 kB, 3.4 MB.
func size(n uint64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1000:
		return strconv.FormatUint(n, 10) + " bytes"
	}
	f, unit := float64(n)/1000, "kB"
	for _, next := range []string{"MB", "GB", "TB"} {
		if f < 999.5 {
			break
		}
		f, unit = f/1000, next
	}
	if f < 9.95 {
		return fmt.Sprintf("%.1f %s", f, unit)
	}
	return fmt.Sprintf("%.0f %s", f, unit)
}

// count is "1 message", "3 messages", "no messages".
func count[N int | int64 | uint32 | uint64](n N, one string) string {
	switch n {
	case 0:
		return "no " + plural(one)
	case 1:
		return "1 " + one
	}
	return fmt.Sprint(n) + " " + plural(one)
}

// nouns is the noun alone, for so many of it.
func nouns(n int, one string) string {
	if n == 1 {
		return one
	}
	return plural(one)
}

func plural(one string) string {
	if strings.HasSuffix(one, "y") && !strings.HasSuffix(one, "ay") {
		return strings.TrimSuffix(one, "y") + "ies"
	}
	if strings.HasSuffix(one, "x") || strings.HasSuffix(one, "ch") {
		return one + "es"
	}
	return one + "s"
}

// and joins names: "a", "a and b", "a, b and c", "a, b, c and 4 more".
func and(names []string) string { return list(names, "and") }

// andAll joins names as and does, and leaves none out.
func andAll(names []string) string {
	if n := len(names); n > maxNames {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return and(names)
}

func list(names []string, last string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > maxNames:
		return strings.Join(names[:maxNames-1], ", ") + " " + last + " " + strconv.Itoa(n-maxNames+1) + " more"
	default:
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	}
}

// messages is a set as people say it: "message 12", "messages 1 to 200", "all
// messages"; with uid "UID 12", "UIDs 1 to 200".
func messages(s syntax.NumSet, uid bool) string {
	one, many := "message", "messages"
	if uid {
		one, many = "UID", "UIDs"
	}
	switch {
	case s.Saved:
		return "the messages of the saved search result"
	case len(s.Ranges) == 0:
		return "no message"
	case len(s.Ranges) > 1:
		return many + " " + ranges(s)
	}
	r := s.Ranges[0]
	switch {
	case r.Start == 1 && r.Stop == 0, r.Start == 0 && r.Stop == 1:
		return "all messages"
	case r.Start == 0 && r.Stop == 0:
		return "the last message"
	case r.Start == r.Stop:
		return fmt.Sprintf("%s %d", one, r.Start)
	case r.Stop == 0:
		return fmt.Sprintf("%s %d and all after it", one, r.Start)
	case r.Start == 0:
		return fmt.Sprintf("%s %d and all after it", one, r.Stop)
	}
	return fmt.Sprintf("%s %d to %d", many, min(r.Start, r.Stop), max(r.Start, r.Stop))
}

// ranges lists the ranges of a set, and says how many numbers are in all of
// them where not all are listed.
func ranges(s syntax.NumSet) string {
	var parts []string
	for _, r := range s.Ranges {
		parts = append(parts, rangeWords(r.Start, r.Stop))
		if len(parts) > maxNames {
			break
		}
	}
	if len(s.Ranges) <= maxNames {
		return and(parts)
	}
	text := strings.Join(parts[:maxNames-1], ", ") + " …"
	if n, ok := s.Count(); ok {
		text += fmt.Sprintf(" (%d in all)", n)
	}
	return text
}

func rangeWords(start, stop uint32) string {
	switch {
	case start == stop:
		return number(start)
	case start == 0:
		start, stop = stop, start
	}
	return number(start) + " to " + number(stop)
}

func number(n uint32) string {
	if n == 0 {
		return "the last"
	}
	return strconv.FormatUint(uint64(n), 10)
}

// numbers lists numbers, and says "…" where there are more.
func numbers(list []uint32) string {
	var parts []string
	for _, n := range list[:min(len(list), 10)] {
		parts = append(parts, strconv.FormatUint(uint64(n), 10))
	}
	text := strings.Join(parts, ", ")
	if len(list) > 10 {
		text += " …"
	}
	return text
}

// moment is a date and time with its zone: 17 Jul 1996 02:44 -0700.
func moment(t time.Time) string { return t.Format("2 Jan 2006 15:04 -0700") }

// day is a date of a search key, 1994-02-01, as people read it.
func day(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan 2006")
}

// seconds is a number of seconds as people read it.
func seconds(n uint64) string {
	for _, u := range []struct {
		n    uint64
		name string
	}{{86400, "day"}, {3600, "hour"}, {60, "minute"}} {
		if n >= u.n && n%u.n == 0 {
			return count(n/u.n, u.name)
		}
	}
	return count(n, "second")
}

// box is a mailbox name, with its form on the wire where that differs.
func box(m syntax.Mailbox) string {
	switch {
	case m.Wire != "":
		return quote(m.Name) + " (" + clip(m.Wire, maxQuote) + ")"
	case m.Name == "INBOX":
		return m.Name
	}
	return quote(m.Name)
}

// header is a header's text, decoded, in quotes.
func header(text string) string { return quote(syntax.DecodeHeader(text)) }

// safeName is a name that a peer sent, safe to be shown.
func safeName(name string) string { return wire.Escape([]byte(clip(name, maxQuote))) }
