package finding

import (
	"maps"
	"slices"
	"strings"
	"time"

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

	auth   authWatch
	mbox   mailboxWatch
	pop    popWatch
	stream streamWatch
	life   lifeWatch
}

// telling is a finding that was told, and how often it came since.
type telling struct {
	finding event.Finding
	after   int64
	count   int
}

// detectors are called in this order for every event of the client's leg.
var detectors = []func(w *Watch, e *event.Event){
	detectLimits, detectLogin, detectAfterLogin, detectStartTLS,
	detectMailbox, detectQuota, detectPOP, detectStream, detectLife,
	detectServerFaults,
}

// NewWatch watches one session; emit takes what is found.
func NewWatch(emit func(*event.Event)) *Watch {
	return &Watch{emit: emit, told: map[string]*telling{}}
}

// See takes the next event. Findings are passed over, so that the watch may
// stand behind the sink that it tells.
func (w *Watch) See(e *event.Event) {
	if e.Kind == event.KindFinding || e.Kind == event.KindMark {
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
	if e.Kind == event.KindSessionClose {
		w.recount()
	}
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
	f.Finding.Advice = w.advise(f.Finding.Advice)
	if r.severity != event.SeverityNone {
		f.Finding.Severity = r.severity
	}
	w.told[r.id+" "+r.key] = &telling{finding: *f.Finding, after: w.seen.Seq, count: 1}
	w.emit(f)
}

// known tells whether a finding of this id was told.
func (w *Watch) known(id string) bool {
	for key := range w.told {
		if name, _, _ := strings.Cut(key, " "); name == id {
			return true
		}
	}
	return false
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

// advise names the settings of the client that is known.
func (w *Watch) advise(advice string) string {
	if where := settingsOf(w.client); where != "" && advice != "" {
		return advice + where
	}
	return advice
}

// settingsOf is where a client keeps an account's settings.
func settingsOf(client string) string {
	c := strings.ToLower(client)
	for _, known := range clientSettings {
		if strings.Contains(c, known.name) {
			return " (" + known.where + ")"
		}
	}
	return ""
}

var clientSettings = []struct{ name, where string }{
	{"thunderbird", "Thunderbird: Account Settings, Server Settings"},
	{"outlook", "Outlook: File, Account Settings, Server Settings"},
	{"mac os x mail", "Apple Mail: Settings, Accounts, Server Settings"},
	{"iphone mail", "iPhone: Settings, Apps, Mail, Accounts"},
	{"ios", "iPhone: Settings, Apps, Mail, Accounts"},
	{"k-9", "K-9: the account's settings, Fetching mail, Incoming server"},
	{"fairemail", "FairEmail: Settings, Manual setup, Accounts"},
	{"evolution", "Evolution: Edit, Accounts, Receiving Email"},
	{"kmail", "KMail: Settings, Configure, Accounts, Receiving"},
}

// facts are what a session is: what every detector may want to know.
type facts struct {
	session  string
	proto    event.Proto
	upstream string // the server's name, lower case
	client   string // IMAP ID
	user     string
	state    event.State
	tls      [2]*event.TLS
	caps     map[string]bool // the newest list, upper case
	enabled  map[string]bool
	opened   time.Time
	last     [2]time.Time // of the client's, the server's last octets
	commands map[int64]*event.Event
	open     map[int64]*event.Event // commands without their completion
	byName   map[string]int         // how many commands of a name were completed with OK
	order    []*event.Event         // commands in order, as many as are worth keeping
}

const mostCommands = 4096 // that a watch remembers

func (f *facts) see(e *event.Event) {
	if f.commands == nil {
		f.commands, f.open, f.byName = map[int64]*event.Event{}, map[int64]*event.Event{}, map[string]int{}
		f.enabled = map[string]bool{}
	}
	if e.Context != nil {
		f.session, f.proto = e.Session, e.Proto
		if e.User != "" {
			f.user = e.User
		}
		if e.ClientID != "" {
			f.client = e.ClientID
		}
	}
	switch e.Kind {
	case event.KindSessionOpen:
		f.opened = e.Time
		f.upstream = hostOf(e.Route.Upstream)
	case event.KindTLS:
		i := 0
		if e.TLS.Side == event.SideServer {
			i = 1
		}
		f.tls[i] = e.TLS
		if i == 0 {
			f.caps = nil
		}
	}
	if e.Kind.Protocol() && e.Leg == event.LegBoth {
		f.protocol(e)
	}
}

func (f *facts) protocol(e *event.Event) {
	f.state = e.State
	if e.Dir == event.SideClient {
		f.last[0] = e.Time
	} else {
		f.last[1] = e.Time
	}
	if e.Kind == event.KindCommand {
		if len(f.order) < mostCommands {
			f.order = append(f.order, e)
			f.commands[e.Seq] = e
			f.open[e.Seq] = e
		}
	}
	if e.Completes {
		delete(f.open, e.Cmd)
		if succeeded(e) {
			f.byName[e.For]++
		}
	}
	if list := offered(e); list != nil {
		f.caps = map[string]bool{}
		for _, c := range list {
			f.caps[strings.ToUpper(c)] = true
		}
	}
}

// command is the command that e answers.
func (f *facts) command(e *event.Event) *event.Event { return f.commands[e.Cmd] }

// encrypted tells whether TLS runs on the client's side.
func (f *facts) encrypted() bool { return f.tls[0] != nil && f.tls[0].Failure == "" }

// at tells whether the server is one of these hosts or below one.
func (f *facts) at(hosts ...string) bool {
	for _, h := range hosts {
		if f.upstream == h || strings.HasSuffix(f.upstream, "."+h) {
			return true
		}
	}
	return false
}

// hostOf is the host of a route's URL, lower case.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		rest = rest[:i]
	}
	return strings.ToLower(strings.Trim(rest, "[]"))
}

func succeeded(e *event.Event) bool { return e.Status == "OK" || e.Status == "+OK" }

func failed(e *event.Event) bool {
	return e.Status == "NO" || e.Status == "BAD" || e.Status == "-ERR"
}

// says tells whether the words of a response contain one of these, whatever
// their case.
func says(e *event.Event, words ...string) bool {
	text := strings.ToLower(e.Text)
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// offered is the capability list that an event carries; nil where it has none.
func offered(e *event.Event) []string {
	switch {
	case e.Kind == event.KindResponse && e.Name == "CAPABILITY":
		_, after, _ := strings.Cut(e.Text, "CAPABILITY ")
		return strings.Fields(after)
	case e.Code == "CAPABILITY":
		_, after, ok := strings.Cut(e.Text, "[CAPABILITY ")
		if ok {
			list, _, _ := strings.Cut(after, "]")
			return strings.Fields(list)
		}
	}
	return nil
}

// argument is the n-th word of a command's line, 1 the first behind its name;
// "" where there is none. Quotes are taken off.
func argument(e *event.Event, n int) string {
	words := strings.Fields(e.Text)
	skip := len(strings.Fields(e.Name))
	if e.Proto == event.IMAP {
		skip++
	}
	if i := skip + n - 1; i < len(words) {
		return strings.Trim(words[i], `"`)
	}
	return ""
}
