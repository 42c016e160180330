package replay

import (
	"regexp"
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// uids knows which UIDs of the server stand for the recorded ones: of the
// mailbox that is selected, and only what its answers make plain. A message
// that FETCH tells of under the same number is the same, and so are the results
// of a search that finds as many as it did.
type uids struct {
	of map[uint32]uint32
}

// learn takes the answer to a command: as recorded, up to the completion t, and
// as it came now.
func (u *uids) learn(rec *Recording, t *Turn, now *answer) {
	if t.Proto != event.IMAP {
		return
	}
	if name := t.For; name == "SELECT" || name == "EXAMINE" || name == "CLOSE" {
		u.of = nil
	}
	recorded := &answer{}
	for i := range rec.Turns {
		e := rec.Turns[i].Event
		if e.Seq > t.Seq {
			break
		}
		if e.Cmd == t.Cmd && e.Kind == event.KindResponse && !e.Completes && e.Leg == event.LegBoth {
			recorded.data = append(recorded.data, e)
		}
	}
	u.fetched(numbersOf(recorded), numbersOf(now))
	if strings.HasPrefix(t.For, "UID ") {
		u.found(results(recorded), results(now))
	}
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

func results(a *answer) []uint32 {
	for _, e := range a.data {
		if d, ok := e.Data.(*syntax.SearchData); ok && e.Name == "SEARCH" {
			return d.Numbers
		}
	}
	return nil
}

func (u *uids) fetched(recorded, now map[uint32]uint32) {
	if len(recorded) != len(now) {
		return
	}
	for seq, uid := range recorded {
		if other, ok := now[seq]; ok {
			u.set(uid, other)
		}
	}
}

func (u *uids) found(recorded, now []uint32) {
	if len(recorded) != len(now) {
		return
	}
	for i := range recorded {
		u.set(recorded[i], now[i])
	}
}

func (u *uids) set(recorded, now uint32) {
	if u.of == nil {
		u.of = map[uint32]uint32{}
	}
	u.of[recorded] = now
}

// uidCommand is a command whose first argument is a set of UIDs.
var uidCommand = regexp.MustCompile(`^[^ ]+ (?i:UID (?:FETCH|STORE|COPY|MOVE|EXPUNGE)) ([0-9:,*]+)`)

// mapped is a command with its UIDs as the server has them: all of them, or as
// recorded where one is not known.
func (u *uids) mapped(t *Turn) []byte {
	at := uidCommand.FindSubmatchIndex(t.Data)
	if at == nil || len(u.of) == 0 {
		return t.Data
	}
	set, ok := u.translate(string(t.Data[at[2]:at[3]]))
	if !ok {
		return t.Data
	}
	data := append([]byte(nil), t.Data[:at[2]]...)
	data = append(data, set...)
	return append(data, t.Data[at[3]:]...)
}

// translate maps each number of a set, the ends of ranges too.
func (u *uids) translate(set string) (string, bool) {
	known := true
	number := regexp.MustCompile(`[0-9]+`)
	mapped := number.ReplaceAllStringFunc(set, func(text string) string {
		n, err := strconv.ParseUint(text, 10, 32)
		to, ok := u.of[uint32(n)]
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
