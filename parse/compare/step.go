package compare

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Step is a command and what answers it.
type Step struct {
	Seq     int64
	Name    string
	Line    string // the command without its tag
	Result  string // OK, NO, BAD, +OK, -ERR; "" where nothing answered
	Answer  string // the completion without its tag
	Latency time.Duration
	Events  []*event.Event // the command, what belongs to it, the completion

	key  string // the command without what differs between any two runs
	code string
	data string // what was sent, in short
}

func (s *Step) failed() bool { return s.Result == "NO" || s.Result == "BAD" || s.Result == "-ERR" }

// session is what is compared of a session.
type session struct {
	id           string
	proto        event.Proto
	greeting     string
	tls          [2]string
	capabilities map[event.State][]string
	steps        []*Step
	end          string
	left         bool // LOGOUT or QUIT was answered
}

// read makes a session of its events.
func read(events []*event.Event) *session {
	s := &session{capabilities: map[event.State][]string{}}
	open := map[int64]*Step{}
	counts := map[*Step]map[string]*tally{}
	for _, e := range events {
		if e.Context != nil && s.id == "" {
			s.id, s.proto = e.Session, e.Proto
		}
		if e.Leg == event.LegServer {
			continue
		}
		s.facts(e)
		switch e.Kind {
		case event.KindCommand:
			step := &Step{Seq: e.Seq, Name: e.Name, Line: withoutTag(e), Events: []*event.Event{e}}
			step.key = key(step)
			s.steps = append(s.steps, step)
			open[e.Seq] = step
			counts[step] = map[string]*tally{}
		case event.KindResponse:
			if step := open[e.Cmd]; step != nil {
				step.Events = append(step.Events, e)
				if e.Completes {
					s.left = s.left || step.Name == "LOGOUT" || step.Name == "QUIT"
					step.Result, step.Answer, step.Latency, step.code = e.Status, withoutTag(e), e.Latency, e.Code
				}
				if !e.Completes || s.proto == event.POP3 {
					count(counts[step], e)
				}
			}
		}
	}
	for step, c := range counts {
		step.data = inShort(c)
	}
	return s
}

// facts takes what holds for the whole session.
func (s *session) facts(e *event.Event) {
	switch e.Kind {
	case event.KindGreeting:
		s.greeting = e.Status + " " + normal(productOf(e.Text))
	case event.KindTLS:
		i := 0
		if e.TLS.Side == event.SideServer {
			i = 1
		}
		s.tls[i] = e.TLS.Version + " " + e.TLS.Cipher
		if e.TLS.Failure != "" {
			s.tls[i] = "failed: " + e.TLS.Failure
		}
	case event.KindSessionClose:
		s.end = "by the " + e.Close.By.String()
		if s.left {
			s.end = "after LOGOUT or QUIT" // who closes first then is chance
		}
	}
	if list := offered(e); list != nil {
		if _, ok := s.capabilities[e.State]; !ok {
			s.capabilities[e.State] = list
		}
	}
}

// productOf is a greeting's text without its code and its numbers: what says
// which server it is.
func productOf(text string) string {
	if i := strings.IndexByte(text, '['); i >= 0 {
		if j := strings.IndexByte(text[i:], ']'); j >= 0 {
			text = text[:i] + text[i+j+1:]
		}
	}
	for _, prefix := range []string{"* OK", "* PREAUTH", "* BYE", "+OK", "-ERR"} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.TrimSpace(text)
}

// offered is the capability list in an event, sorted; nil where it has none.
func offered(e *event.Event) []string {
	text := ""
	switch {
	case e.Name == "CAPABILITY" && e.Kind == event.KindResponse:
		text = strings.TrimPrefix(e.Text, "* CAPABILITY ")
	case e.Code == "CAPABILITY":
		_, after, ok := strings.Cut(e.Text, "[CAPABILITY ")
		if !ok {
			return nil
		}
		text, _, _ = strings.Cut(after, "]")
	default:
		return nil
	}
	list := strings.Fields(strings.ToUpper(text))
	sort.Strings(list)
	return list
}

// withoutTag is an event's text behind its tag.
func withoutTag(e *event.Event) string {
	if e.Proto == event.IMAP && e.Tag != "" {
		return strings.TrimPrefix(e.Text, e.Tag+" ")
	}
	return e.Text
}

// tally counts data of one kind.
type tally struct {
	n     int
	bytes int64
}

// count adds an untagged response, or a POP3 one, to what a step got.
func count(c map[string]*tally, e *event.Event) {
	name := e.Name
	if name == "" {
		name = e.Status
	}
	if e.Proto == event.POP3 {
		name = "octets"
	}
	t := c[name]
	if t == nil {
		t = &tally{}
		c[name] = t
	}
	t.n++
	t.bytes += e.Bytes
}

// inShort words what a step got: "172 FETCH". Sizes count only where they are
// message text: numbers in a line differ between runs.
func inShort(c map[string]*tally) string {
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	sort.Strings(names)
	var parts []string
	for _, name := range names {
		switch t := c[name]; {
		case name == "octets" && t.bytes > 512:
			parts = append(parts, fmt.Sprintf("%d octets", t.bytes))
		case name != "octets":
			parts = append(parts, fmt.Sprintf("%d %s", t.n, name))
		}
	}
	return strings.Join(parts, ", ")
}
