package compare

import (
	"sort"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
	"mailtap/parse/wire"
)

// mostQuoted is how many octets a report quotes of a line: a command may name
// thousands of messages.
const mostQuoted = 500

// Step is a command and what answers it.
type Step struct {
	Seq     int64
	Name    string
	Line    string // the command without its tag, clipped
	Result  string // OK, NO, BAD, +OK, -ERR; "" where nothing answered
	Answer  string // the completion without its tag, clipped
	Latency time.Duration

	key   string // what the command means, without what differs between any two runs
	code  string
	state event.State
	got   got
}

func (s *Step) failed() bool { return s.Result == "NO" || s.Result == "BAD" || s.Result == "-ERR" }

// stage is where capabilities hold: they change with the state, and with TLS.
type stage struct {
	state  event.State
	secure bool
}

// Session is what is compared of a session. It takes the events one by one,
// and keeps none of them.
type Session struct {
	options Options

	id           string
	proto        event.Proto
	greeting     string
	tls          [2]string
	secure       bool // the client's side is inside TLS
	capabilities map[stage][]string
	steps        []*Step
	open         map[int64]*Step // not completed, by the command's seq
	more         int             // commands over maxSteps
	waited       time.Duration
	end          string
	did          string // in words, as its close has it
	left         bool   // LOGOUT or QUIT was answered
}

// maxSteps bounds what one session keeps: some 500 octets each.
const maxSteps = 200_000

// New makes a session that has no events yet.
func New(o Options) *Session {
	return &Session{options: o, capabilities: map[stage][]string{}, open: map[int64]*Step{}}
}

// Greeting is the server's first line, without its code and numbers.
func (s *Session) Greeting() string { return s.greeting }

// whatItDid is the protocol, and what was done by it.
func (s *Session) whatItDid() string {
	if s.did == "" {
		return s.proto.Title()
	}
	return s.proto.Title() + ": " + s.did
}

// Step is that of the command with a seq, or nil.
func (s *Session) Step(seq int64) *Step {
	i := sort.Search(len(s.steps), func(i int) bool { return s.steps[i].Seq >= seq })
	if i < len(s.steps) && s.steps[i].Seq == seq {
		return s.steps[i]
	}
	return nil
}

// Add takes the next event. Those of the server's leg do not count.
func (s *Session) Add(e *event.Event) {
	if e.Context != nil && s.id == "" {
		s.id, s.proto = e.Session, e.Proto
	}
	if e.Leg == event.LegServer {
		return
	}
	s.facts(e)
	switch e.Kind {
	case event.KindCommand:
		s.command(e)
	case event.KindResponse:
		step := s.open[e.Cmd]
		if step == nil {
			return
		}
		step.got.take(step, e)
		if e.Completes {
			s.complete(step, e)
		}
	}
}

// command begins a step.
func (s *Session) command(e *event.Event) {
	if s.options.own(e) {
		return
	}
	if len(s.steps) >= maxSteps {
		s.more++
		return
	}
	step := &Step{Seq: e.Seq, Name: e.Name, Line: wire.Clip(withoutTag(e), mostQuoted)}
	step.key = s.options.key(e)
	s.steps = append(s.steps, step)
	s.open[e.Seq] = step
}

func (s *Session) complete(step *Step, e *event.Event) {
	delete(s.open, step.Seq)
	s.left = s.left || step.Name == "LOGOUT" || step.Name == "QUIT"
	step.Result, step.Answer, step.Latency, step.code, step.state = e.Status, wire.Clip(withoutTag(e), mostQuoted), e.Latency, e.Code, e.State
	if step.Name != "IDLE" {
		s.waited += e.Latency
	}
	if s.options.OwnLogin && login(step.Name) && step.failed() {
		s.drop(step) // replay tries the right password alone
	}
}

func (s *Session) drop(step *Step) {
	for i := len(s.steps) - 1; i >= 0; i-- {
		if s.steps[i] == step {
			s.steps = append(s.steps[:i], s.steps[i+1:]...)
			return
		}
	}
}

// failed is how the fact of a TLS handshake that failed begins.
const failed = "failed: "

// facts takes what holds for the whole session.
func (s *Session) facts(e *event.Event) {
	switch e.Kind {
	case event.KindGreeting:
		s.greeting = strings.TrimSpace(e.Status + " " + normal(productOf(e.Text)))
	case event.KindTLS:
		s.handshake(e.TLS)
	case event.KindSessionClose:
		s.end, s.did = "by the "+e.Close.By.String(), e.Close.Summary
		if s.left {
			s.end = "after LOGOUT or QUIT" // who closes first then is chance
		}
	}
	if list := s.offered(e); list != nil {
		at := stage{e.State, s.secure || s.options.OwnLogin}
		if e.State == event.StateSelected || e.Kind == event.KindResponse && (e.For == "LOGIN" || e.For == "AUTHENTICATE") {
			at.state = event.StateAuthenticated
		}
		s.capabilities[at] = list
	}
}

func (s *Session) handshake(t *event.TLS) {
	i := 0
	if t.Side == event.SideServer {
		i = 1
	}
	s.tls[i] = t.Version + " " + t.Cipher
	if t.Failure != "" {
		s.tls[i] = failed + t.Failure
		return
	}
	s.secure = s.secure || i == 0
}

// productOf is a greeting's text without its code and its numbers: what says
// which server it is.
func productOf(text string) string {
	for _, prefix := range []string{"* OK", "* PREAUTH", "* BYE", "+OK", "-ERR"} {
		text = strings.TrimPrefix(text, prefix)
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") {
		if _, rest, ok := strings.Cut(text, "]"); ok {
			text = rest
		}
	}
	return strings.TrimSpace(timestamp.ReplaceAllString(text, ""))
}

// offered is the capability list in an event, sorted; nil where it has none.
func (s *Session) offered(e *event.Event) []string {
	var list []string
	switch d := e.Data.(type) {
	case *syntax.CapabilityData:
		if e.Name == "CAPABILITY" {
			for _, c := range d.Capabilities {
				list = append(list, strings.ToUpper(string(c)))
			}
		}
	case *syntax.Status:
		_, after, ok := strings.Cut(e.Text, "[CAPABILITY ")
		if e.Code == "CAPABILITY" && ok {
			text, _, _ := strings.Cut(after, "]")
			list = strings.Fields(strings.ToUpper(text))
		}
	case *pop3.Capabilities:
		for _, c := range d.Capabilities {
			list = append(list, pop3Capability(c)...)
		}
	}
	list = s.options.without(list)
	sort.Strings(list)
	return list
}

// pop3Capability is a capability as one word, or one a SASL mechanism: their
// order means nothing.
func pop3Capability(c pop3.Entry) (words []string) {
	if c.Name != "SASL" {
		return []string{strings.Join(append([]string{c.Name}, c.Args...), "=")}
	}
	for _, m := range c.Args {
		words = append(words, "SASL="+strings.ToUpper(m))
	}
	return words
}

// withoutTag is an event's text behind its tag.
func withoutTag(e *event.Event) string {
	if e.Context != nil && e.Proto == event.IMAP && e.Tag != "" {
		return strings.TrimPrefix(e.Text, e.Tag+" ")
	}
	return e.Text
}
