// Package compare tells what differs between two sessions: what the clients
// did, what the servers answered, what TLS agreed, how fast it was.
//
// Sessions are aligned by what the clients did, not by time or tag: each
// becomes a list of steps (a command with what answers it), both lists are
// aligned by what the commands mean, and steps that stand opposite one another
// are held against each other. Tags, UIDs, dates and tokens do not count: they
// differ between any two runs. Nor does how a command is written: quoted or as
// an atom, 1:3 or 1,2,3.
//
// It is pure: events in, a Report out; of each event no more is kept than the
// report needs. `mailtap compare`, replay and the viewer come here. It does
// not look into messages: those that are fetched are compared by number and size.
package compare

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Kind says what differs.
type Kind string

// The kinds.
const (
	KindProtocol   Kind = "protocol"   // IMAP against POP3
	KindTLS        Kind = "tls"        // version, cipher, failure
	KindGreeting   Kind = "greeting"   // the server's first line; its words alone are said, and no difference by themselves
	KindCapability Kind = "capability" // offered by one server only
	KindCommand    Kind = "command"    // sent by one client only
	KindArgument   Kind = "argument"   // the same command with other arguments
	KindAnswer     Kind = "answer"     // the same command answered differently
	KindData       Kind = "data"       // the same answer with other data: messages, mailboxes
	KindState      Kind = "state"      // the same answer, and another state behind it
	KindOrder      Kind = "order"      // the same command at another place
	KindEnd        Kind = "end"        // how it ended
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
	State    string `json:"state,omitempty"` // capabilities: in which they are offered
}

// Report is what Sessions found.
type Report struct {
	A           string       `json:"a"` // the sessions' ids
	B           string       `json:"b"`
	Same        bool         `json:"same"`            // nothing differs but speed, and what the servers call themselves
	First       string       `json:"first,omitempty"` // the first divergence, in a sentence
	Differences []Difference `json:"differences"`     // that one first; what happened in the course of the session before what surrounds it
	Steps       []Pair       `json:"-"`               // all steps side by side
}

// Pair is a step of each session that stand opposite each other; nil where a
// session lacks it.
type Pair struct {
	A, B        *Step
	Differences []Difference
}

// Options say what is no difference. The zero value compares everything.
type Options struct {
	// OwnLogin is for sessions of which one was replayed: how its client logged
	// in, and how TLS began, was replay's own choice.
	OwnLogin bool

	// ClientOnly leaves out what the servers did.
	ClientOnly bool
}

// Sessions compares the events of two sessions, each in order.
func Sessions(a, b []*event.Event) *Report {
	left, right := New(Options{}), New(Options{})
	for _, e := range a {
		left.Add(e)
	}
	for _, e := range b {
		right.Add(e)
	}
	return Compare(left, right, Options{})
}

// Compare compares two sessions that were made with the same options.
func Compare(left, right *Session, o Options) *Report {
	r := &Report{A: left.id, B: right.id, Differences: []Difference{}}
	if left.proto != right.proto && left.proto != event.ProtoNone && right.proto != event.ProtoNone {
		r.add(Difference{Kind: KindProtocol, A: left.whatItDid(), B: right.whatItDid(),
			Sentence: fmt.Sprintf("one session is %s, the other %s: their commands cannot be compared", left.proto.Title(), right.proto.Title())})
		r.judge()
		return r
	}
	r.steps(left, right, o)
	if !o.OwnLogin {
		r.tls(left, right)
	}
	if !o.ClientOnly {
		r.add(greeting(left, right)...)
		r.add(capabilities(left, right)...)
		r.add(waiting(left, right)...)
	}
	r.add(end(left, right, o)...)
	r.judge()
	return r
}

func (r *Report) add(ds ...Difference) { r.Differences = append(r.Differences, ds...) }

// judge puts the differences in order, and says which is the first divergence.
func (r *Report) judge() {
	sort.SliceStable(r.Differences, func(i, j int) bool { return r.Differences[i].rank() < r.Differences[j].rank() })
	r.Same = len(r.Differences) == 0 || r.Differences[0].rank() >= rankSaid
	if r.Same {
		return
	}
	r.First = r.Differences[0].Sentence
	if r.Differences[0].rank() > rankCourse && len(r.Steps) > 0 {
		r.First = "the clients did the same and were answered alike; " + r.First
	}
}

const (
	rankCourse = 2 // what happened in the course of a session
	rankSaid   = 5 // and all behind it: said, and no difference by itself
)

// rank orders the kinds: without a protocol in common or a handshake nothing
// else can be the same, and what surrounds a session is told behind its course.
// What a server calls itself matters least.
func (d *Difference) rank() int {
	switch d.Kind {
	case KindProtocol:
		return 0
	case KindTLS:
		if strings.HasPrefix(d.A, failed) || strings.HasPrefix(d.B, failed) {
			return 1
		}
		return 3
	case KindGreeting:
		if a, b := firstWord(d.A), firstWord(d.B); a != b {
			return 1
		}
		return rankSaid
	case KindCapability:
		return 3
	case KindEnd:
		return 4
	case KindSpeed:
		return rankSaid + 1
	}
	return rankCourse
}

// firstWord is a greeting's status.
func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// steps aligns both sessions' steps and holds those that stand opposite each
// other against one another.
func (r *Report) steps(a, b *Session, o Options) {
	for _, p := range align(a.steps, b.steps) {
		switch {
		case p.B == nil:
			p.Differences = []Difference{only("first", p.A, true)}
		case p.A == nil:
			p.Differences = []Difference{only("second", p.B, false)}
		default:
			p.Differences = Held(p.A, p.B, o)
		}
		r.Steps = append(r.Steps, p)
	}
	moved(r.Steps, o)
	for _, p := range r.Steps {
		r.add(p.Differences...)
	}
	if n := a.more + b.more; n > 0 {
		r.add(Difference{Kind: KindCommand, Sentence: fmt.Sprintf("%d commands beyond the first %d were not compared", n, maxSteps)})
	}
}

// only says that one client alone sends a command.
func only(which string, s *Step, inA bool) Difference {
	d := Difference{Kind: KindCommand, Sentence: fmt.Sprintf("only the %s client sends %s", which, s.Line)}
	if inA {
		d.A, d.SeqA = s.Line, s.Seq
	} else {
		d.B, d.SeqB = s.Line, s.Seq
	}
	return d
}

// moved makes one difference of order out of a command that stands alone on
// either side at two places.
func moved(pairs []Pair, o Options) {
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
		other.Differences = append([]Difference{d}, Held(other.A, p.B, o)...)
		p.Differences = nil
	}
}

// Held compares a step of each session that are the same command.
func Held(a, b *Step, o Options) []Difference {
	var ds []Difference
	add := func(kind Kind, sentence, x, y string) {
		ds = append(ds, Difference{Kind: kind, A: x, B: y, SeqA: a.Seq, SeqB: b.Seq, Sentence: sentence})
	}
	if a.key != b.key {
		add(KindArgument, fmt.Sprintf("%s has other arguments: %s against %s", a.Name, a.Line, b.Line), a.Line, b.Line)
	}
	if o.ClientOnly {
		return ds
	}
	switch {
	case a.Result != b.Result, a.code != b.code && (a.failed() || a.code == "READ-ONLY" || b.code == "READ-ONLY"):
		add(KindAnswer, fmt.Sprintf("%s is answered %s, and in the second session %s", a.Line, orNothing(a.Answer), orNothing(b.Answer)),
			orNothing(a.Answer), orNothing(b.Answer))
	case a.state != b.state:
		add(KindState, fmt.Sprintf("behind %s the state is %s, and in the second session %s", a.Line, a.state, b.state), a.state.String(), b.state.String())
	case a.key == b.key: // other arguments have other answers
		for _, d := range a.got.against(&b.got) {
			add(KindData, fmt.Sprintf("%s gets %s, and in the second session %s", a.Line, orNothing(d[0]), orNothing(d[1])), orNothing(d[0]), orNothing(d[1]))
		}
	}
	if muchSlower(a.Latency, b.Latency) && a.Name != "IDLE" {
		add(KindSpeed, fmt.Sprintf("%s takes %s, and in the second session %s", a.Line, round(a.Latency), round(b.Latency)), round(a.Latency), round(b.Latency))
	}
	return ds
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

func round(d time.Duration) string {
	if d > time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// muchSlower tells latencies apart that differ by more than chance does: by
// ten times, and by a quarter of a second.
func muchSlower(a, b time.Duration) bool {
	lo, hi := min(a, b), max(a, b)
	return lo > 0 && hi > 10*lo && hi-lo > 250*time.Millisecond
}

// waiting compares how long the clients waited in all.
func waiting(a, b *Session) []Difference {
	lo, hi := min(a.waited, b.waited), max(a.waited, b.waited)
	if len(a.steps) == 0 || len(b.steps) == 0 || hi < 2*lo || hi-lo < time.Second {
		return nil
	}
	x, y := round(a.waited), round(b.waited)
	return []Difference{{Kind: KindSpeed, A: x, B: y, Sentence: fmt.Sprintf("the first client waits %s for answers in all, the second %s", x, y)}}
}

func greeting(a, b *Session) []Difference {
	if a.greeting == b.greeting {
		return nil
	}
	return []Difference{{Kind: KindGreeting, A: a.greeting, B: b.greeting,
		Sentence: fmt.Sprintf("the servers greet differently: %s against %s", orNothing(a.greeting), orNothing(b.greeting))}}
}

// capabilities are compared where both servers said theirs in the same state.
func capabilities(a, b *Session) []Difference {
	var ds []Difference
	for _, state := range []event.State{event.StateNotAuthenticated, event.StateAuthenticated, event.StateAuthorization, event.StateTransaction} {
		for _, secure := range []bool{false, true} {
			x, y := a.capabilities[stage{state, secure}], b.capabilities[stage{state, secure}]
			if x == nil || y == nil {
				continue
			}
			onlyA, onlyB := without(x, y), without(y, x)
			if len(onlyA)+len(onlyB) == 0 {
				continue
			}
			d := Difference{Kind: KindCapability, State: state.String(), A: strings.Join(onlyA, " "), B: strings.Join(onlyB, " ")}
			d.Sentence = fmt.Sprintf("in state %s only the first server offers %s; only the second offers %s", state, some(onlyA), some(onlyB))
			ds = append(ds, d)
		}
	}
	return ds
}

// some names the first ones of a list.
func some(list []string) string {
	const most = 8
	switch n := len(list); {
	case n == 0:
		return "nothing more"
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most-1], " "), n-most+1)
	}
	return strings.Join(list, " ")
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

func (r *Report) tls(a, b *Session) {
	for i, side := range []event.Side{event.SideClient, event.SideServer} {
		if a.tls[i] != b.tls[i] {
			r.add(Difference{Kind: KindTLS, A: orClear(a.tls[i]), B: orClear(b.tls[i]),
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

func end(a, b *Session, o Options) []Difference {
	if a.end == b.end || a.end == "" || b.end == "" { // "": the recording ends before the session
		return nil
	}
	if o.ClientOnly && a.left == b.left { // LOGOUT or QUIT is a command, and all that a client can do
		return nil
	}
	return []Difference{{Kind: KindEnd, A: a.end, B: b.end, Sentence: fmt.Sprintf("one session ends %s, the other %s", a.end, b.end)}}
}
