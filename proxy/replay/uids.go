package replay

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mailtap/parse/imap/syntax"
)

// uids knows which UIDs of the server stand for the recorded ones, by mailbox,
// and only what its answers make plain: a message that FETCH tells of under the
// same number is the same, and so are the results of a search that finds as
// many as it did, what APPENDUID and COPYUID say of a command's messages, and
// all of a mailbox with the recorded UID validity.
type uids struct {
	mailbox string // the one that is selected
	boxes   map[string]*box
}

// box is what is known of one mailbox.
type box struct {
	of     map[uint32]uint32 // the server's UID, by the recorded one
	same   bool              // the UID validity is the recorded one
	exists [2]uint32         // messages when it was selected: recorded, and now
}

// most is how many UIDs of one mailbox are kept, and how many a command may name.
const most = 1 << 16

// at is what is known of a mailbox, empty at first.
func (u *uids) at(mailbox string) *box {
	if strings.EqualFold(mailbox, "INBOX") {
		mailbox = "INBOX"
	}
	if u.boxes == nil {
		u.boxes = map[string]*box{}
	}
	b := u.boxes[mailbox]
	if b == nil {
		b = &box{of: map[uint32]uint32{}}
		u.boxes[mailbox] = b
	}
	return b
}

func (b *box) set(recorded, now uint32) {
	if len(b.of) < most {
		b.of[recorded] = now
	}
}

// pair notes that two lists are of the same messages, in order, if they may be.
func (b *box) pair(recorded, now []uint32) {
	if len(recorded) != len(now) {
		return
	}
	for i := range recorded {
		b.set(recorded[i], now[i])
	}
}

// learn takes a command with its answers: the recorded one, and the server's.
func (u *uids) learn(recorded, now *answer) {
	b := u.at(u.mailbox)
	switch d := recorded.command.Data.(type) {
	case *syntax.SelectArgs:
		if now.completion != nil && now.completion.Status == "OK" {
			u.mailbox = d.Mailbox.Name
			u.at(u.mailbox).selected(recorded, now)
		}
		return
	case *syntax.AppendArgs:
		u.at(d.Mailbox.Name).appended(recorded, now)
	case *syntax.CopyArgs:
		u.at(d.Mailbox.Name).copied(recorded, now)
	}
	b.fetched(numbersOf(recorded), numbersOf(now))
	if strings.HasPrefix(recorded.command.Name, "UID ") {
		b.pair(results(recorded), results(now))
	}
}

// selected takes what SELECT or EXAMINE said.
func (b *box) selected(recorded, now *answer) {
	old, validity := validityOf(recorded), validityOf(now)
	b.same = old != 0 && old == validity
	b.exists = [2]uint32{existsIn(recorded), existsIn(now)}
}

func validityOf(a *answer) uint64 {
	for _, e := range a.data {
		if s, ok := e.Data.(*syntax.Status); ok && s.Code == "UIDVALIDITY" {
			if n, ok := s.Args.(*syntax.NumberCode); ok {
				return n.Number
			}
		}
	}
	return 0
}

func existsIn(a *answer) (n uint32) {
	for _, e := range a.data {
		if d, ok := e.Data.(*syntax.NumberData); ok && e.Name == "EXISTS" {
			n = d.Number
		}
	}
	return n
}

// code is the arguments of the response code of that name: in the completion,
// or for MOVE in an untagged response before it (RFC 6851 §4.3).
func code[T any](a *answer, name string) (args T, ok bool) {
	for _, e := range append(a.data[:len(a.data):len(a.data)], a.completion) {
		if e == nil {
			continue
		}
		if s, isStatus := e.Data.(*syntax.Status); isStatus && s.Code == name {
			args, ok = s.Args.(T)
		}
	}
	return args, ok
}

func (b *box) appended(recorded, now *answer) {
	x, ok := code[*syntax.AppendUIDCode](recorded, "APPENDUID")
	y, too := code[*syntax.AppendUIDCode](now, "APPENDUID")
	if ok && too {
		b.pair(members(x.UIDs), members(y.UIDs))
	}
}

func (b *box) copied(recorded, now *answer) {
	x, ok := code[*syntax.CopyUIDCode](recorded, "COPYUID")
	y, too := code[*syntax.CopyUIDCode](now, "COPYUID")
	if ok && too {
		b.pair(members(x.To), members(y.To))
	}
}

// members are the numbers of a set in its order; nil where they are too many,
// or not said.
func members(s syntax.NumSet) (list []uint32) {
	for _, r := range s.Ranges {
		lo, hi := min(r.Start, r.Stop), max(r.Start, r.Stop)
		if lo == 0 || hi-lo >= uint32(most-len(list)) {
			return nil
		}
		for n := lo; ; n++ {
			list = append(list, n)
			if n == hi {
				break
			}
		}
	}
	return list
}

// numbersOf are the UIDs that FETCH data tells, by message sequence number.
func numbersOf(a *answer) map[uint32]uint32 {
	m := map[uint32]uint32{}
	for _, e := range a.data {
		if d, ok := e.Data.(*syntax.FetchData); ok && d.Seq != 0 && d.UID != 0 {
			m[d.Seq] = d.UID
		}
	}
	return m
}

func (b *box) fetched(recorded, now map[uint32]uint32) {
	if len(recorded) != len(now) {
		return
	}
	for seq, uid := range recorded {
		if other, ok := now[seq]; ok {
			b.set(uid, other)
		}
	}
}

// results are the UIDs that a search found.
func results(a *answer) []uint32 {
	for _, e := range a.data {
		switch d := e.Data.(type) {
		case *syntax.SearchData:
			if e.Name == "SEARCH" {
				return d.Numbers
			}
		case *syntax.ESearchData:
			return members(d.All)
		}
	}
	return nil
}

// uidCommand is a command whose first argument is a set of UIDs.
var uidCommand = regexp.MustCompile(`^[^ ]+ (?i:UID (?:FETCH|STORE|COPY|MOVE|EXPUNGE)) ([0-9:,*]+)`)

// mapped is a command with its UIDs as the server has them: all of them, or as
// recorded where one is not known. A command that deletes is not to be sent
// where it might hit another message than it did; why says so then.
func (u *uids) mapped(t *Turn) (data []byte, why string) {
	b := u.at(u.mailbox)
	deletes := t.Event != nil && destroys(t)
	at := uidCommand.FindSubmatchIndex(t.Data)
	if at == nil {
		if deletes && numbered(t) && b.exists[0] != b.exists[1] {
			return nil, fmt.Sprintf("the mailbox had %d messages then and has %d now, so its numbers may mean others", b.exists[0], b.exists[1])
		}
		return t.Data, ""
	}
	set := string(t.Data[at[2]:at[3]])
	translated, ok := b.translate(set)
	if deletes && !b.same {
		translated, ok = b.each(set)
	}
	switch {
	case ok:
		data = append(append(data, t.Data[:at[2]]...), translated...)
		return append(data, t.Data[at[3]:]...), ""
	case deletes && !b.same:
		return nil, "which messages of this server its UIDs are is not known"
	}
	return t.Data, ""
}

// numbered reports whether a command names messages by their sequence numbers.
func numbered(t *Turn) bool { return t.Name == "STORE" || t.Name == "MOVE" || t.Name == "REPLACE" }

var number = regexp.MustCompile(`[0-9]+`)

// translate maps each number of a set, the ends of ranges too.
func (b *box) translate(set string) (string, bool) {
	known := true
	mapped := number.ReplaceAllStringFunc(set, func(text string) string {
		n, err := strconv.ParseUint(text, 10, 32)
		to, ok := b.of[uint32(n)]
		if err != nil || !ok {
			if n != 1 { // 1:* is all
				known = false
			}
			return text
		}
		return strconv.FormatUint(uint64(to), 10)
	})
	return mapped, known
}

// each maps a set message by message: between the ends of a range the server
// may have others. It is false where none is known, or one that is named.
func (b *box) each(set string) (string, bool) {
	var list []string
	for part := range strings.SplitSeq(set, ",") {
		from, to, isRange := strings.Cut(part, ":")
		lo, err := strconv.ParseUint(from, 10, 32)
		hi, err2 := strconv.ParseUint(to, 10, 32)
		if !isRange {
			hi, err2 = lo, nil
		}
		if lo > hi {
			lo, hi = hi, lo
		}
		if err != nil || err2 != nil || hi-lo >= most {
			return "", false
		}
		for n := lo; n <= hi; n++ {
			uid, ok := b.of[uint32(n)]
			if !ok && !isRange {
				return "", false
			}
			if ok {
				list = append(list, strconv.FormatUint(uint64(uid), 10))
			}
		}
	}
	return strings.Join(list, ","), len(list) > 0
}
