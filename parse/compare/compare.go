// Package compare tells what differs between two sessions: what the clients
// did, what the servers answered, what TLS agreed, how fast it was.
//
// Sessions are aligned by what the clients did, not by time or tag: each
// becomes a list of steps (a command with what answers it), both lists are
// aligned by the steps' keys, and steps that stand opposite one another are
// held against each other. Tags, UIDs, dates and tokens do not count: they
// differ between any two runs.
//
// It is pure: two lists of events in, a Report out. `mailtap compare`, replay
// and the viewer come here.
package compare

import (
	"fmt"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Kind says what differs.
type Kind string

// The kinds, in the order in which a report lists what has no place in the
// course of the session.
const (
	KindProtocol   Kind = "protocol"   // IMAP against POP3
	KindTLS        Kind = "tls"        // version, cipher, names, failure
	KindGreeting   Kind = "greeting"   // the server's first line
	KindCapability Kind = "capability" // offered by one server only
	KindCommand    Kind = "command"    // sent by one client only
	KindArgument   Kind = "argument"   // the same command with other arguments
	KindAnswer     Kind = "answer"     // the same command answered differently
	KindData       Kind = "data"       // the same answer with other data: messages, mailboxes
	KindOrder      Kind = "order"      // the same command at another place
	KindEnd        Kind = "end"        // who ended it, in which state
	KindSpeed      Kind = "speed"      // much slower: said, and no difference by itself
)

// Difference is one thing that differs.
type Difference struct {
	Kind     Kind   `json:"kind"`
	Sentence string `json:"sentence"`
	A        string `json:"a,omitempty"` // the line or the fact in the first session
	B        string `json:"b,omitempty"`
	SeqA     int64  `json:"seq_a,omitempty"` // its event
	SeqB     int64  `json:"seq_b,omitempty"`
}

// Report is what Sessions found.
type Report struct {
	A           string       `json:"a"` // the sessions' ids
	B           string       `json:"b"`
	Same        bool         `json:"same"`            // nothing differs but speed
	First       string       `json:"first,omitempty"` // the first divergence, in a sentence
	Differences []Difference `json:"differences"`     // in the order of the session
	Steps       []Pair       `json:"-"`               // all steps side by side
}

// Pair is a step of each session that stand opposite each other; nil where a
// session lacks it.
type Pair struct {
	A, B        *Step
	Differences []Difference
}

// Sessions compares the events of two sessions, each in order.
func Sessions(a, b []*event.Event) *Report {
	left, right := read(a), read(b)
	r := &Report{A: left.id, B: right.id}
	if left.proto != right.proto {
		r.add(Difference{Kind: KindProtocol, A: left.proto.Title(), B: right.proto.Title(),
			Sentence: fmt.Sprintf("one session is %s, the other %s", left.proto.Title(), right.proto.Title())})
	}
	r.tls(left, right)
	r.add(greeting(left, right)...)
	r.add(capabilities(left, right)...)
	r.steps(left, right)
	r.add(end(left, right)...)
	r.judge()
	return r
}

func (r *Report) add(ds ...Difference) { r.Differences = append(r.Differences, ds...) }

// judge finds the first divergence: what happened first in the session, before
// what holds for the whole of it.
func (r *Report) judge() {
	r.Same = true
	for _, d := range r.Differences {
		if d.Kind == KindSpeed {
			continue
		}
		r.Same = false
		if r.First == "" || d.inCourse() && !r.firstInCourse() {
			r.First = d.Sentence
		}
	}
}

// inCourse tells differences of the session's course from those of its surroundings.
func (d Difference) inCourse() bool {
	switch d.Kind {
	case KindCommand, KindArgument, KindAnswer, KindData, KindOrder:
		return true
	}
	return false
}

func (r *Report) firstInCourse() bool {
	for _, d := range r.Differences {
		if d.Sentence == r.First {
			return d.inCourse()
		}
	}
	return false
}

// steps aligns both sessions' steps and holds those that stand opposite each
// other against one another.
func (r *Report) steps(a, b *session) {
	for _, p := range align(a.steps, b.steps) {
		switch {
		case p.B == nil:
			p.Differences = []Difference{lacks("second", p.A, true)}
		case p.A == nil:
			p.Differences = []Difference{lacks("first", p.B, false)}
		default:
			p.Differences = held(p.A, p.B)
		}
		r.Steps = append(r.Steps, p)
	}
	moved(r.Steps)
	for _, p := range r.Steps {
		r.add(p.Differences...)
	}
}

// lacks says that a session has no such command.
func lacks(which string, s *Step, inA bool) Difference {
	d := Difference{Kind: KindCommand, Sentence: fmt.Sprintf("the %s session lacks the command %s", which, s.Line)}
	if inA {
		d.A, d.SeqA = s.Line, s.Seq
	} else {
		d.B, d.SeqB = s.Line, s.Seq
	}
	return d
}

// moved makes one difference of order out of a command that stands alone on
// either side at two places.
func moved(pairs []Pair) {
	alone := map[string][]int{}
	for i, p := range pairs {
		if p.B == nil {
			alone[p.A.key] = append(alone[p.A.key], i)
		}
	}
	for i := range pairs {
		p := &pairs[i]
		if p.A != nil || len(alone[p.B.key]) == 0 {
			continue
		}
		at := alone[p.B.key][0]
		alone[p.B.key] = alone[p.B.key][1:]
		other := &pairs[at]
		when := "later"
		if i < at {
			when = "earlier"
		}
		d := Difference{Kind: KindOrder, A: other.A.Line, B: p.B.Line, SeqA: other.A.Seq, SeqB: p.B.Seq,
			Sentence: fmt.Sprintf("%s comes %s in the second session", other.A.Line, when)}
		other.Differences = append([]Difference{d}, held(other.A, p.B)...)
		p.Differences = nil
	}
}

// held compares a step of each session that are the same command.
func held(a, b *Step) []Difference {
	var ds []Difference
	add := func(kind Kind, format, x, y string) {
		ds = append(ds, Difference{Kind: kind, A: x, B: y, SeqA: a.Seq, SeqB: b.Seq, Sentence: fmt.Sprintf(format, a.Name, x, y)})
	}
	if a.key != b.key {
		add(KindArgument, "%s has other arguments: %s against %s", a.Line, b.Line)
	}
	switch {
	case a.Result != b.Result:
		add(KindAnswer, "%s is answered %s in one session and %s in the other", orNothing(a.Answer), orNothing(b.Answer))
	case a.code != b.code && (a.failed() || a.code == "READ-ONLY" || b.code == "READ-ONLY"):
		add(KindAnswer, "%s is answered %s in one session and %s in the other", a.Answer, b.Answer)
	default:
		ds = append(ds, data(a, b)...)
	}
	if muchSlower(a.Latency, b.Latency) && a.Name != "IDLE" {
		add(KindSpeed, "%s takes %s in one session and %s in the other", a.Latency.String(), b.Latency.String())
	}
	return ds
}

func orNothing(text string) string {
	if text == "" {
		return "not at all"
	}
	return text
}

// data compares what was sent in answer: how many of each kind, and how much.
func data(a, b *Step) []Difference {
	if a.data == b.data {
		return nil
	}
	return []Difference{{Kind: KindData, A: a.data, B: b.data, SeqA: a.Seq, SeqB: b.Seq,
		Sentence: fmt.Sprintf("%s gets other data: %s against %s", a.Name, orNothing(a.data), orNothing(b.data))}}
}

// muchSlower tells latencies apart that differ by more than chance does: by
// ten times, and by a quarter of a second.
func muchSlower(a, b time.Duration) bool {
	lo, hi := min(a, b), max(a, b)
	return lo > 0 && hi > 10*lo && hi-lo > 250*time.Millisecond
}

func greeting(a, b *session) []Difference {
	if a.greeting == b.greeting {
		return nil
	}
	return []Difference{{Kind: KindGreeting, A: a.greeting, B: b.greeting,
		Sentence: fmt.Sprintf("the servers greet differently: %s against %s", orNothing(a.greeting), orNothing(b.greeting))}}
}

// capabilities are compared where both servers said theirs in the same state.
func capabilities(a, b *session) []Difference {
	var ds []Difference
	for _, state := range []event.State{event.StateNotAuthenticated, event.StateAuthenticated, event.StateAuthorization, event.StateTransaction} {
		x, y := a.capabilities[state], b.capabilities[state]
		if x == nil || y == nil {
			continue
		}
		onlyA, onlyB := without(x, y), without(y, x)
		if len(onlyA)+len(onlyB) == 0 {
			continue
		}
		d := Difference{Kind: KindCapability, A: strings.Join(onlyA, " "), B: strings.Join(onlyB, " ")}
		d.Sentence = fmt.Sprintf("capabilities in state %s: only the first server offers %s; only the second offers %s", state, none(d.A), none(d.B))
		ds = append(ds, d)
	}
	return ds
}

func none(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// without is what of x is not in y.
func without(x, y []string) []string {
	has := map[string]bool{}
	for _, v := range y {
		has[v] = true
	}
	var only []string
	for _, v := range x {
		if !has[v] {
			only = append(only, v)
			has[v] = true
		}
	}
	return only
}

func (r *Report) tls(a, b *session) {
	for i, side := range []event.Side{event.SideClient, event.SideServer} {
		if a.tls[i] != b.tls[i] {
			r.add(Difference{Kind: KindTLS, A: a.tls[i], B: b.tls[i],
				Sentence: fmt.Sprintf("TLS with the %s: %s against %s", side, orClear(a.tls[i]), orClear(b.tls[i]))})
		}
	}
}

func orClear(text string) string {
	if text == "" {
		return "in the clear"
	}
	return text
}

func end(a, b *session) []Difference {
	if a.end == b.end {
		return nil
	}
	return []Difference{{Kind: KindEnd, A: a.end, B: b.end, Sentence: fmt.Sprintf("one session ends %s, the other %s", orNothing(a.end), orNothing(b.end))}}
}
