package finding

import (
	"maps"
	"slices"

	"mailtap/parse/event"
)

// Watch looks at the events of one session, in order, and tells what is wrong
// with it. A detector is a function that is called for every event (see
// detectors); what it needs to remember stands in a struct of its topic.
//
//	event -> facts (what the session is) -> detectors -> tell, or hold back until it is certain
//
// Precision counts for more than speed: what a later event can explain or undo
// is held back until then, at the latest until the session ends. One cause is
// told once; what comes again is counted, and told with its count at the end.
// Of two detectors that explain one event the one that stands first has it.
type Watch struct {
	facts
	emit func(*event.Event)
	told map[string]*telling
	seen *event.Event // the event under way
	got  bool         // something was told of it
	hurt bool         // a refusal was explained, and no command worked since

	known event.Severity // of the worst that somebody else has found

	auth    authWatch
	upgrade upgradeWatch
	limit   limitWatch
	mbox    mailboxWatch
	mail    messageWatch
	pop     maildropWatch
	stream  streamWatch
	life    lifeWatch
}

// telling is a finding that was told, and how often it came since.
type telling struct {
	finding event.Finding
	after   int64
	count   int
}

// detectors are called in this order for every event of the client's leg.
var detectors = []func(w *Watch, e *event.Event){
	detectService, detectUpgrade, detectLimits, detectQuota, detectLogin, detectAfterLogin,
	detectMailbox, detectMessages, detectMaildrop, detectStream, detectIdle,
	detectServerFaults, detectEarlyEnd, detectEnd,
}

// NewWatch watches one session; emit takes what is found.
func NewWatch(emit func(*event.Event)) *Watch {
	return &Watch{facts: newFacts(), emit: emit, told: map[string]*telling{}}
}

// See takes the next event. Of findings it notes that there are some, so that it
// may stand behind the sink that it tells: what the proxy has found explains
// how the session ends.
func (w *Watch) See(e *event.Event) {
	if e.Kind == event.KindFinding && e.Finding != nil && !w.isTold(e.Finding.ID) {
		w.known = max(w.known, e.Finding.Severity)
	}
	if e.Kind == event.KindFinding || e.Kind == event.KindMark {
		w.holes = w.holes || e.Finding != nil && e.Finding.ID == "mailtap.encrypted"
		return
	}
	w.facts.see(e)
	if e.Leg == event.LegServer || e.Dir == event.SideProxy {
		return // mailtap's own doing: the proxy says itself what that means
	}
	w.seen, w.got = e, false
	for _, detect := range detectors {
		detect(w, e)
	}
	if e.Completes {
		w.hurt = failed(e) && (w.got || w.hurt)
	}
	if e.Kind == event.KindSessionClose {
		w.recount()
	}
}

func (w *Watch) isTold(id string) bool {
	for _, t := range w.told {
		if t.finding.ID == id {
			return true
		}
	}
	return false
}

// report is what a detector has found.
type report struct {
	id       string
	key      string // tells causes of one id apart: a mailbox's name, a user's
	detail   string // stands behind the catalogue's title
	advice   string // in place of the catalogue's
	also     []string
	severity event.Severity // where it is not the catalogue's
	evidence []*event.Event // the event under way where none is named
}

// tell gives a finding now, or counts it where it was given before.
func (w *Watch) tell(r report) {
	w.got = true
	if w.holes && needsAll[r.id] || w.late && needsBeginning[r.id] {
		return
	}
	if t := w.told[r.id+" "+r.key]; t != nil {
		t.count++
		return
	}
	if len(r.evidence) == 0 {
		r.evidence = []*event.Event{w.seen}
	}
	var ids []string
	for _, e := range r.evidence {
		if e != nil && e.ID() != "" {
			ids = append(ids, e.ID())
		}
	}
	f := New(r.id, r.detail, ids...)
	f.Time = w.seen.Time
	f.Finding.Also = r.also
	if r.advice != "" {
		f.Finding.Advice = r.advice
	}
	Name(f.Finding, w.client, w.proto)
	if r.severity != event.SeverityNone {
		f.Finding.Severity = r.severity
	}
	w.told[r.id+" "+r.key] = &telling{finding: *f.Finding, after: w.seen.Seq, count: 1}
	w.emit(f)
}

// recount tells again, with its count, what came more than once: a later
// finding of the same id and title replaces the earlier one.
func (w *Watch) recount() {
	for _, key := range slices.Sorted(maps.Keys(w.told)) { // always in one order: a capture says it as the log did
		t := w.told[key]
		if t.count > 1 {
			f := t.finding
			f.Count = t.count
			w.emit(&event.Event{Kind: event.KindFinding, Time: w.seen.Time, Finding: &f, After: t.after})
		}
	}
}
