package captures

import (
	"slices"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// findings keeps apart what a session finds anew when it is read, and what
// only its recording can tell. A finding of a live session stands in the
// capture in any case; where the same is found anew that one is given.
type findings struct {
	found    map[findingKey]int // anew, and not met in the recording yet
	recorded []*event.Event     // met in the recording, and not found anew yet
}

type findingKey struct {
	id    string
	after int64
}

func keyOf(e *event.Event) findingKey { return findingKey{e.Finding.ID, e.After} }

// known reports whether a recorded finding was found anew before.
func (f *findings) known(e *event.Event) bool {
	key := keyOf(e)
	if f.found[key] == 0 {
		return false
	}
	if f.found[key]--; f.found[key] == 0 {
		delete(f.found, key)
	}
	return true
}

// anew takes note of a finding that was found anew, and tells how many of the
// recorded ones come before it.
func (f *findings) anew(e *event.Event) int {
	key := keyOf(e)
	i := slices.IndexFunc(f.recorded, func(r *event.Event) bool { return keyOf(r) == key })
	if i >= 0 {
		f.recorded = slices.Delete(f.recorded, i, i+1)
		return i
	}
	if f.found == nil {
		f.found = map[findingKey]int{}
	}
	f.found[key]++
	return 0
}

// giveRecorded hands on the first n findings that nobody found anew: what
// follows them did not bring them about.
func (w *walk) giveRecorded(s *session, n int) {
	if n == 0 {
		return
	}
	give := s.findings.recorded[:n]
	s.findings.recorded = s.findings.recorded[n:]
	for _, e := range give {
		e.Finding.Recorded = true
		if s.context != nil {
			e.Context = s.context
		}
		w.give(wire.Item{Session: s.id, Event: e})
	}
}
