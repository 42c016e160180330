package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

// line is an event as the template shows it.
type line struct {
	Anchor  string
	Class   string // what the filter and the style sheet ask for
	Seq     int64
	At      string
	Mark    string
	Who     string // the mark in a word, for those who hear it
	Text    string
	More    string // of a text that is too long to stand there whole
	Note    string
	RFC     string
	Below   []string
	Finding *found
}

// slow is from when on an answer is one that took long.
const slow = 200 * time.Millisecond

// line renders e as a line of s.
func (w *Writer) line(s *session, e *event.Event) {
	if e.Kind == event.KindSessionOpen || e.Kind == event.KindSessionClose {
		return // the heading and the last words tell
	}
	l := lineOf(s, e)
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "line", l); err != nil {
		w.err = err
		return
	}
	s.lines++
	w.lines++
	w.take(s, e, b.Bytes())
}

func lineOf(s *session, e *event.Event) *line {
	n := explain.AsLine(e)
	l := &line{Seq: e.Seq, At: since(e.Time.Sub(s.heading.Start)), Mark: strings.TrimRight(n.Mark, ":"),
		Text: n.Text, Note: n.Note, Below: n.Below, RFC: safe(explain.RFC(e))}
	l.Text, l.More = split(l.Text)
	if e.Seq > 0 {
		l.Anchor = anchor(s.anchor, e.Seq)
	}
	l.Who = whose[e.Dir]
	if e.Finding != nil {
		l.Finding, l.Below, l.Who = foundIn(e), nil, "finding"
	}
	l.Class = strings.Join(classes(e), " ")
	return l
}

// split cuts a long text in two between its characters.
func split(text string) (head, more string) {
	const most, shown = 2000, 1000
	if len(text) <= most {
		return text, ""
	}
	head = wire.Head(text, shown)
	return head, text[len(head):]
}

var whose = map[event.Side]string{event.SideNone: "about", event.SideClient: "client", event.SideServer: "server", event.SideProxy: "mailtap"}

// classes are what can be asked of a line.
func classes(e *event.Event) []string {
	all := []string{whose[e.Dir]}
	if e.Finding != nil {
		all = []string{"finding", e.Finding.Severity.String()}
		if e.Finding.Severity >= event.SeverityWarning {
			all = append(all, "bad")
		}
		return all
	}
	if explain.Refused(e) || e.Error != "" || e.Route != nil && e.Route.Failure != "" || e.TLS != nil && e.TLS.Failure != "" {
		all = append(all, "bad")
	}
	if e.Completes && e.Latency >= slow {
		all = append(all, "slow")
	}
	if e.Altered || e.Dropped || e.Dir == event.SideProxy || e.Leg == event.LegServer {
		all = append(all, "altered")
	}
	return all
}

// since is a time since the session's beginning.
func since(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

// run is a row of lines of one kind: its first ones are shown, the rest are
// folded under their number.
type run struct {
	name   string
	count  int
	folded int
	buf    []byte
}

const (
	unfolded = 4        // lines of a run that are shown
	foldFrom = 3        // fewer than these are not worth folding
	maxFold  = 64 << 10 // octets of a run that wait for its end
)

// take puts a rendered line in its place.
func (w *Writer) take(s *session, e *event.Event, rendered []byte) {
	name := runName(e)
	if r := &s.run; name == "" || name != r.name {
		w.fold(s)
		*r = run{name: name, buf: r.buf[:0]}
	}
	r := &s.run
	r.count++
	if name == "" || r.count <= unfolded {
		w.add(s, rendered)
		return
	}
	r.folded++
	r.buf = append(r.buf, rendered...)
	if len(r.buf) >= maxFold {
		w.fold(s)
	}
}

// runName is what lines of a run have in common: untagged data in answer to
// one command. What is worth a look is in no run.
func runName(e *event.Event) string {
	if e.Kind != event.KindResponse || e.Tag != "*" || e.Error != "" || e.Altered || e.Status != "" {
		return ""
	}
	return e.Name + " in answer to " + e.For
}

// fold puts away what waits of a run.
func (w *Writer) fold(s *session) {
	r := &s.run
	if r.folded == 0 {
		return
	}
	if r.folded < foldFrom {
		w.add(s, r.buf)
	} else {
		var b bytes.Buffer
		name, _, _ := strings.Cut(r.name, " in answer to ")
		err := templates.ExecuteTemplate(&b, "fold", struct {
			Count int
			Name  string
		}{r.folded, safe(name)})
		if err != nil && w.err == nil {
			w.err = err
		}
		b.Write(r.buf)
		b.WriteString("</ol></details></li>\n")
		w.add(s, b.Bytes())
	}
	r.folded, r.buf = 0, r.buf[:0]
	if cap(r.buf) > maxFold*2 || s.closed {
		r.buf = nil
	}
}

// anchorOf is a session's id as an anchor: what stands in a capture need not
// be one that mailtap made.
func anchorOf(id string) string {
	const most = 40
	return "s-" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, id[:min(len(id), most)])
}

func anchor(session string, seq int64) string { return fmt.Sprintf("%s-%d", session, seq) }

// found is a finding as the template shows it.
type found struct {
	ID, Severity, Title, Advice string
	Also                        []string
	Count                       int
	Evidence                    []link
	Sessions                    []link
	More                        int // sessions that are not named
	Where                       string
}

// link leads to a line or a session.
type link struct{ To, Name, Text, Dir string }

// foundIn is the finding of e.
func foundIn(e *event.Event) *found {
	f := e.Finding
	l := newFound(f)
	for _, id := range f.Evidence {
		l.Evidence = append(l.Evidence, linkTo(id))
	}
	return l
}

func newFound(f *event.Finding) *found {
	l := &found{ID: safe(f.ID), Severity: f.Severity.String(), Title: safe(f.Title), Advice: safe(f.Advice), Count: f.Count}
	for _, id := range f.Also {
		l.Also = append(l.Also, safe(id))
	}
	return l
}

// linkTo leads to the line that SESSION:SEQ names.
func linkTo(id string) link {
	session, seq, ok := strings.Cut(id, ":")
	if !ok {
		return link{To: "#" + anchorOf(session), Name: safe(id)}
	}
	return link{To: "#" + anchorOf(session) + "-" + strings.TrimLeft(anchorOf(seq), "s-"), Name: safe(id)}
}
