package finding

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// mostQuoted is how many octets of a line evidence quotes.
const mostQuoted = 500

// Digest gathers the findings of many sessions, so that one cause is one
// finding: a wrong password tried in five sessions is one with a count.
// Its zero value is ready.
type Digest struct {
	found    []*Found
	byCause  map[string]*Found
	sessions map[string]*seen
	over     []string        // sessions that ended, the latest last
	forgave  map[string]bool // causes
	across   Across
}

// Found is a finding with what is known of where it stands.
type Found struct {
	event.Finding
	Proto       event.Proto
	First, Last time.Time
	User        string
	Server      string
	Client      string
	Sessions    []string // that have it, in order, as many as are worth naming
	Lines       []Line   // its evidence

	cause string
}

// Line is an event that a finding rests on.
type Line struct {
	ID   string    `json:"id"` // SESSION:SEQ
	Dir  string    `json:"dir"`
	Text string    `json:"text"`
	Time time.Time `json:"time"`
}

// seen is what is remembered of a session: whose it is, and its lines.
type seen struct {
	client, server, user, asked string
	in                          bool // somebody logged in
	lines                       map[int64]Line
	oldest                      int64
}

// mostLines is how many lines of a session are remembered for evidence.
const mostLines = 4096

// See takes the next event of any session, in order of time.
func (d *Digest) See(e *event.Event) {
	if d.sessions == nil {
		d.sessions, d.byCause = map[string]*seen{}, map[string]*Found{}
	}
	if e.Context == nil || e.Session == "" {
		if e.Finding != nil {
			d.add(e, &seen{})
		}
		return
	}
	v := d.sessions[e.Session]
	if v == nil {
		v = &seen{lines: map[int64]Line{}}
		d.sessions[e.Session] = v
	}
	v.see(e)
	if e.Finding != nil {
		d.add(e, v)
	}
	for _, f := range d.across.See(e) {
		d.add(f, v)
	}
	switch {
	case e.Finding != nil:
	case e.State.LoggedIn() && !v.in:
		v.in = true
		d.forgive(v, e.Time)
	case e.Kind == event.KindSessionClose:
		d.ended(e.Session, v)
	}
}

// ended forgets a session's lines at once, and whose it was a little later: what
// was found across sessions may come behind its end.
func (d *Digest) ended(session string, v *seen) {
	const most = 256
	v.lines = map[int64]Line{}
	d.over = append(d.over, session)
	if len(d.over) > most {
		delete(d.sessions, d.over[0])
		d.over = d.over[1:]
	}
}

func (v *seen) see(e *event.Event) {
	if e.Kind == event.KindSessionOpen && e.Route != nil {
		v.client, v.server = addressOf(e.Route.Client), hostOf(e.Route.Upstream)
	}
	if e.User != "" {
		v.user = e.User
	}
	if user := userIn(e); user != "" && e.Dir == event.SideClient {
		v.asked = user
	}
	if e.Seq == 0 {
		return
	}
	text := e.Text
	if !e.Kind.Protocol() {
		text = string(e.Kind)
	}
	v.lines[e.Seq] = Line{ID: e.ID(), Dir: e.Dir.Letter(), Text: wire.Clip(text, mostQuoted), Time: e.Time}
	if len(v.lines) > mostLines {
		v.oldest++
		delete(v.lines, v.oldest)
	}
}

// who is the user that logged in, or the one that was tried.
func (v *seen) who() string {
	if v.user != "" {
		return v.user
	}
	return v.asked
}

// add takes a finding: a new cause, or one more of a known one. A finding that
// comes again within a session replaces the one before (its count grew).
func (d *Digest) add(e *event.Event, v *seen) {
	f := e.Finding
	session := ""
	if e.Context != nil {
		session = e.Session
	}
	cause := Cause(f, v.who(), v.server)
	known := d.byCause[cause]
	if known == nil {
		known = &Found{Finding: *f, First: e.Time, User: v.who(), Server: v.server, Client: v.client, Proto: protoOf(e), cause: cause}
		known.Count = 0
		d.byCause[cause] = known
		d.found = append(d.found, known)
	}
	known.Last = e.Time
	if supplemented[f.ID] && strings.Contains(f.Title, across) {
		known.Title = f.Title
	}
	if slices.Contains(known.Sessions, session) {
		known.Count = max(known.Count, f.Count)
		return
	}
	d.supersede(f, session)
	known.Count += max(1, f.Count)
	const most = 100
	if len(known.Sessions) < most {
		known.Sessions = append(known.Sessions, session)
	}
	for _, id := range f.Evidence {
		if line, ok := v.line(id); ok && len(known.Lines) < 6 {
			known.Lines = append(known.Lines, line)
		}
	}
}

// supersede takes back that a session's server could not be reached, or hung up,
// where f says why.
func (d *Digest) supersede(f *event.Finding, session string) {
	if f.ID != "auth.blocked-ip" && f.ID != "limit.connections" {
		return
	}
	d.found = slices.DeleteFunc(d.found, func(g *Found) bool {
		i := slices.Index(g.Sessions, session)
		if i < 0 || !strings.HasPrefix(g.ID, "net.") || !slices.Contains(f.Also, g.ID) {
			return false
		}
		g.Sessions = slices.Delete(g.Sessions, i, i+1)
		g.Count--
		if g.Count == 0 {
			delete(d.byCause, g.cause)
		}
		return g.Count == 0
	})
}

// supplemented are findings to which other sessions add what they know: with
// that they are the same cause.
var supplemented = map[string]bool{"pop.in-use": true, "limit.connections": true, "pop.login-delay": true}

// Cause tells findings apart that have different causes: two that have the same
// one are one finding that came twice. user is who logged in to server, or
// tried to.
func Cause(f *event.Finding, user, server string) string {
	cause := f.ID + "\x00" + user + "\x00" + server
	if !supplemented[f.ID] {
		title, _, _ := strings.Cut(f.Title, quoting) // a server may say each time something else
		title, _, _ = strings.Cut(title, changed)    // or number a mailbox anew each time
		cause += fmt.Sprintf("\x00%s\x00%d", title, f.Severity)
	}
	return cause
}

// line is the event of this session that an evidence names.
func (v *seen) line(id string) (Line, bool) {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == ':' {
			seq, err := strconv.ParseInt(id[i+1:], 10, 64)
			line, ok := v.lines[seq]
			return line, ok && err == nil && line.ID == id // not another session's
		}
	}
	return Line{}, false
}

// forgiven is how soon after a refused login a good one makes it a mistake in typing.
const forgiven = 10 * time.Minute

// forgive makes a refused password that the same user then typed rightly, on the
// same machine, an observation. What is refused from then on is another matter:
// a second client that has the wrong password goes on being refused.
func (d *Digest) forgive(v *seen, at time.Time) {
	for _, f := range d.found {
		if f.User != v.user || f.Server != v.server || f.Client != v.client || at.Sub(f.Last) >= forgiven || f.Severity != event.SeverityError {
			continue
		}
		if (strings.HasPrefix(f.ID, "auth.") || f.ID == "starttls.required") && !d.forgave[f.cause] {
			if d.forgave == nil {
				d.forgave = map[string]bool{}
			}
			d.forgave[f.cause] = true
			delete(d.byCause, f.cause)
			f.Severity = event.SeverityInfo
			f.settle()
		}
	}
}

// settle takes the advice out of a refusal that a good login followed. A method
// that may be the fault (Also) keeps it: the client will try it first again.
func (f *Found) settle() {
	if f.ID == badCredentials && len(f.Also) == 0 {
		entry, _ := Lookup(f.ID)
		f.Title, f.Advice = entry.Title+": "+settled(f.User), settledAdvice
	}
}

// Found gives the findings: the worst first, of one severity in order of time.
func (d *Digest) Found() []*Found {
	sort.SliceStable(d.found, func(i, j int) bool { return d.found[i].Severity > d.found[j].Severity })
	return d.found
}

// Worst is the highest severity of all findings.
func (d *Digest) Worst() event.Severity {
	worst := event.SeverityNone
	for _, f := range d.found {
		worst = max(worst, f.Severity)
	}
	return worst
}

func protoOf(e *event.Event) event.Proto {
	if e.Context == nil {
		return event.ProtoNone
	}
	return e.Proto
}
