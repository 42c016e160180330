package finding

import (
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
	"mailtap/parse/sasl"
)

// facts are what a session is: what every detector may want to know.
type facts struct {
	session    string
	proto      event.Proto
	upstream   string // the server's name, lower case
	whole      bool   // the session passed through mailtap from its beginning on
	client     string // IMAP ID
	user       string
	state      event.State
	entered    bool // somebody was logged in
	greeted    bool
	understood bool // the server has said something in this protocol before this event
	speaks     bool
	spoke      bool            // the server has said something before this event
	greeting   string          // lower case
	tls        [2]*event.TLS   // of the client's side, of the server's
	caps       map[string]bool // the newest list, upper case; nil where none is known
	clear      map[string]bool // the newest list from before TLS
	utf8       bool            // UTF8=ACCEPT or IMAP4rev2 was enabled
	opened     time.Time
	last       [2]time.Time // of the client's, the server's last octets
	commands   map[int64]*event.Event
	open       map[int64]*event.Event // commands without their completion
	done       map[string]int         // how many commands of a name were completed with OK
	sent       map[string]int         // how many were sent
	order      []*event.Event         // commands in order, as many as are worth keeping
	late       bool                   // the record begins in the middle of the session
	holes      bool                   // the record lacks octets, or they cannot be read
}

const mostCommands = 4096 // that a watch remembers

func newFacts() facts {
	return facts{commands: map[int64]*event.Event{}, open: map[int64]*event.Event{}, done: map[string]int{}, sent: map[string]int{}}
}

func (f *facts) see(e *event.Event) {
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
		if e.Route != nil {
			f.upstream, f.whole = hostOf(e.Route.Upstream), e.Route.Listen != ""
		}
	case event.KindTLS:
		f.handshake(e.TLS)
	case event.KindGap:
		f.late, f.holes = f.late || e.Bytes == 0, f.holes || e.Bytes > 0
	case event.KindGreeting:
		f.greeted, f.greeting = true, strings.ToLower(e.Text)
	}
	if e.Kind.Protocol() && e.Leg == event.LegBoth {
		f.protocol(e)
	}
}

// handshake takes TLS: what was offered in the clear counts no more.
func (f *facts) handshake(t *event.TLS) {
	if t.Side == event.SideServer {
		f.tls[1] = t
		return
	}
	f.tls[0] = t
	if f.caps != nil {
		f.clear, f.caps = f.caps, nil
	}
}

func (f *facts) protocol(e *event.Event) {
	f.state = e.State
	f.entered = f.entered || e.State.LoggedIn()
	if e.Dir == event.SideClient {
		f.last[0] = e.Time
	} else {
		f.spoke = !f.last[1].IsZero()
		f.last[1] = e.Time
		f.understood, f.speaks = f.speaks, f.speaks || e.Status != "" || e.Name != ""
	}
	if e.Kind == event.KindCommand && len(f.order) < mostCommands {
		f.order = append(f.order, e)
		f.commands[e.Seq], f.open[e.Seq] = e, e
		f.sent[e.Name]++
	}
	if e.Completes {
		delete(f.open, e.Cmd)
		if succeeded(e) {
			f.done[e.For]++
		}
	}
	f.offers(e)
	if e.Name == "ENABLED" {
		f.utf8 = f.utf8 || says(e, "utf8=", "imap4rev2")
	}
}

// offers takes a capability list.
func (f *facts) offers(e *event.Event) {
	var list []string
	switch d := e.Data.(type) {
	case *syntax.CapabilityData:
		if e.Name == "CAPABILITY" {
			list = capabilities(d)
		}
	case *syntax.Status:
		if c, ok := d.Args.(*syntax.CapabilityData); ok {
			list = capabilities(c)
		}
	case *pop3.Capabilities:
		list = []string{}
		for _, c := range d.Capabilities {
			list = append(list, c.Name)
			if len(c.Args) > 0 {
				list = append(list, c.Name+" "+strings.Join(c.Args, " "))
			}
			if c.Name == "SASL" {
				for _, mech := range c.Args {
					list = append(list, "AUTH="+mech)
				}
			}
		}
	}
	if list == nil {
		return
	}
	f.caps = make(map[string]bool, len(list))
	for _, c := range list {
		f.caps[strings.ToUpper(c)] = true
	}
}

func capabilities(d *syntax.CapabilityData) []string {
	list := make([]string, 0, len(d.Capabilities))
	for _, c := range d.Capabilities {
		list = append(list, string(c))
	}
	return list
}

// capability is the value of a capability, of the form NAME=value in IMAP or
// NAME value in POP3.
func (f *facts) capability(name string) (value string, ok bool) {
	for c := range f.caps {
		if v, has := strings.CutPrefix(c, name); has && v != "" && (v[0] == '=' || v[0] == ' ') {
			return v[1:], true
		}
	}
	return "", f.caps[name]
}

// command is the command that e answers; an empty one where it is not known.
func (f *facts) command(e *event.Event) *event.Event {
	if cmd := f.commands[e.Cmd]; cmd != nil && e.Cmd != 0 {
		return cmd
	}
	return &event.Event{Name: e.For, Context: e.Context}
}

// encrypted tells whether TLS runs on the client's side.
func (f *facts) encrypted() bool { return f.tls[0] != nil && f.tls[0].Failure == "" }

// upstreamClear tells whether the client is inside TLS and the server is not.
func (f *facts) upstreamClear() bool {
	return f.encrypted() && (f.tls[1] == nil || f.tls[1].Failure != "")
}

// hostOf is the host of a route's URL, lower case.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		rest = rest[:i]
	}
	return strings.ToLower(strings.Trim(rest, "[]"))
}

func succeeded(e *event.Event) bool { return e.Status == "OK" || e.Status == "+OK" }

func failed(e *event.Event) bool {
	return e.Status == "NO" || e.Status == "BAD" || e.Status == "-ERR"
}

// textOf is what a status response says to people, in lower case: without the
// status, the code and its arguments, in which names and URLs may stand.
func textOf(e *event.Event) string {
	if s, ok := e.Data.(*syntax.Status); ok && s.Text != "" {
		return strings.ToLower(s.Text)
	}
	text := e.Text
	if e.Code != "" {
		if _, after, ok := strings.Cut(text, "]"); ok {
			return strings.ToLower(after)
		}
	}
	return strings.ToLower(text)
}

// says tells whether the words of a response contain one of these, whatever
// their case. Words are given in lower case.
func says(e *event.Event, words ...string) bool { return containsAny(textOf(e), words) }

// words is textOf, without what the client itself has brought in: servers quote
// the mailbox or the user that they refuse, and those may be called anything.
func (w *Watch) words(e *event.Event) string {
	text := textOf(e)
	cmd := w.command(e)
	for _, name := range []string{mailboxOf(cmd).Name, mailboxOf(cmd).Wire, w.userOf(cmd)} {
		if len(name) > 2 {
			text = strings.ReplaceAll(text, strings.ToLower(name), "…")
		}
	}
	return text
}

// mailboxOf is the mailbox that a command is about.
func mailboxOf(cmd *event.Event) syntax.Mailbox {
	switch a := cmd.Data.(type) {
	case *syntax.SelectArgs:
		return a.Mailbox
	case *syntax.StatusArgs:
		return a.Mailbox
	case *syntax.AppendArgs:
		return a.Mailbox
	case *syntax.CopyArgs:
		return a.Mailbox
	case *syntax.CreateArgs:
		return a.Mailbox
	case *syntax.MailboxArgs:
		return a.Mailbox
	case *syntax.RenameArgs:
		return a.From
	}
	return syntax.Mailbox{}
}

// wire is a mailbox's name as it was sent.
func wireName(m syntax.Mailbox) string {
	if m.Wire != "" {
		return m.Wire
	}
	return m.Name
}

// stepOf is the SASL step that an event carries, or nil. USER, PASS and APOP
// of POP3 carry one too.
func stepOf(e *event.Event) *sasl.Step {
	switch d := e.Data.(type) {
	case *sasl.Step:
		return d
	case *imap.Auth:
		return d.Initial
	}
	return nil
}

// argument is the n-th word of a command's line, 1 the first behind its name;
// "" where there is none. Quotes are taken off.
func argument(e *event.Event, n int) string {
	words := strings.Fields(e.Text)
	skip := len(strings.Fields(e.Name))
	if e.Context != nil && e.Proto == event.IMAP {
		skip++
	}
	if i := skip + n - 1; i < len(words) {
		return strings.Trim(words[i], `"`)
	}
	return ""
}
