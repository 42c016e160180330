package finding

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Across finds what no session shows alone: UIDVALIDITY and unique-ids that
// changed, who holds the lock of a maildrop, how many sessions an account has
// open, servers that stopped answering after refused logins. It sees the
// events of all sessions, in order of time, findings among them. Its zero
// value is ready; what it remembers is bounded.
type Across struct {
	visits   map[string]*visit
	accounts map[string]*account
	servers  map[string]*servant
}

// most is how many accounts, mailboxes or maildrops are remembered.
const most = 10000

// visit is what is remembered of a session that is open.
type visit struct {
	id      string
	proto   event.Proto
	client  string // IP:PORT
	server  string // host
	who     string // the user that logged in, or that was tried
	in      bool   // somebody logged in
	mech    string // of the last login
	opened  time.Time
	args    map[int64]*event.Event // open commands that name a mailbox or a message, by seq
	account *account
	pop     popVisit
}

// account is a user at a server.
type account struct {
	key      string
	logins   map[event.Proto]time.Time // the last one
	refused  map[string]*event.Event   // mechanisms that were refused
	validity map[string]validity       // by mailbox
	uids     maildrop
	sent     map[string]sentMail // by mailbox
	roles    map[string]string   // mailboxes of a special use
}

// servant is a server and how its logins went.
type servant struct {
	refused int // logins in a row
	last    time.Time
}

// See takes an event and gives what it tells together with earlier ones.
func (a *Across) See(e *event.Event) []*event.Event {
	if e.Context == nil || e.Session == "" {
		return nil
	}
	if a.visits == nil {
		a.visits, a.accounts, a.servers = map[string]*visit{}, map[string]*account{}, map[string]*servant{}
	}
	v := a.visits[e.Session]
	if v == nil {
		if e.Kind == event.KindSessionClose || len(a.visits) >= most {
			return nil
		}
		v = &visit{id: e.Session, proto: e.Proto, opened: e.Time, args: map[int64]*event.Event{}}
		a.visits[e.Session] = v
	}
	if e.Finding != nil {
		return located(a.finding(e, v), e)
	}
	v.see(e)
	found := a.login(e, v)
	if v.account != nil && v.in {
		found = append(found, v.account.mail(e, v)...)
	}
	if e.Kind == event.KindSessionClose {
		delete(a.visits, e.Session)
	}
	return located(found, e)
}

// located puts findings behind the event that they follow.
func located(found []*event.Event, e *event.Event) []*event.Event {
	for _, f := range found {
		f.Context, f.Time, f.After = e.Context, e.Time, e.Seq
		if e.Finding != nil {
			f.After = e.After
		}
	}
	return found
}

func (v *visit) see(e *event.Event) {
	if e.Kind == event.KindSessionOpen && e.Route != nil {
		v.client, v.server = e.Route.Client, serverOf(e.Route.Upstream)
	}
	if e.User != "" {
		v.who = e.User
	}
	if e.Kind == event.KindCommand {
		if user := userIn(e); user != "" && !v.in {
			v.who = user
		}
		if logins[e.Name] {
			v.mech = mechanism(e)
		}
		if (namesMailbox(e.Name) || e.Name == "DELE") && len(v.args) < 100 {
			v.args[e.Seq] = e
		}
	}
	if s := stepOf(e); s != nil && s.User != "" && !v.in {
		v.who = s.User
	}
}

// login follows who logs in where.
func (a *Across) login(e *event.Event, v *visit) []*event.Event {
	if !e.Completes || !logins[e.For] {
		return nil
	}
	s := a.server(v.server)
	switch {
	case succeeded(e):
		v.in, s.refused = true, 0
		v.account = a.accountOf(v)
		return v.account.loggedIn(e, v)
	case failed(e) && (e.Code == "" || e.Code == "AUTHENTICATIONFAILED" || e.Code == "AUTH"):
		s.refused++
		s.last = e.Time
		if acc := a.accountOf(v); !plaintext(v.mech) && v.mech != "" && len(acc.refused) < 20 {
			acc.refused[v.mech] = e
		}
	}
	return nil
}

func (a *Across) server(host string) *servant {
	s := a.servers[host]
	if s == nil {
		s = &servant{}
		if len(a.servers) < most {
			a.servers[host] = s
		}
	}
	return s
}

func (a *Across) accountOf(v *visit) *account {
	key := strings.ToLower(v.who) + "\x00" + v.server
	acc := a.accounts[key]
	if acc == nil {
		acc = &account{key: key, logins: map[event.Proto]time.Time{}, refused: map[string]*event.Event{}, validity: map[string]validity{}, sent: map[string]sentMail{}, roles: map[string]string{}}
		if len(a.accounts) < most {
			a.accounts[key] = acc
		}
	}
	return acc
}

// loggedIn tells mechanisms that were refused in another session to an account
// whose password is right.
func (acc *account) loggedIn(e *event.Event, v *visit) []*event.Event {
	acc.logins[v.proto] = e.Time
	var found []*event.Event
	if plaintext(v.mech) {
		for _, mech := range sorted(acc.refused) {
			f := New("auth.mech-unusable", mech+" was refused, and "+v.mech+" works with the same account", acc.refused[mech].ID(), e.ID())
			f.Finding.Severity = event.SeverityWarning
			if acc.refused[mech].Session != v.id {
				found = append(found, f)
			}
		}
	}
	clear(acc.refused)
	return found
}

// finding adds to what a session's own watch has found what the others tell.
func (a *Across) finding(e *event.Event, v *visit) []*event.Event {
	if strings.Contains(e.Finding.Title, across) {
		return nil
	}
	switch e.Finding.ID {
	case "pop.in-use":
		return a.holder(e, v)
	case "limit.connections":
		return a.crowd(e, v, "")
	case "pop.login-delay":
		return a.interval(e, v)
	case "net.reset", "net.refused", "net.timeout":
		if found := a.blocked(e, v); found != nil {
			return found
		}
		if e.Finding.ID == "net.reset" {
			return a.crowd(e, v, e.Finding.ID)
		}
	}
	return nil
}

// across is in the titles of what Across adds to another finding.
const across = "through mailtap"

// supplement is a finding with what the other sessions tell in its title.
func supplement(e *event.Event, id, detail string, evidence ...string) []*event.Event {
	f := New(id, detail, append(e.Finding.Evidence[:len(e.Finding.Evidence):len(e.Finding.Evidence)], evidence...)...)
	f.Finding.Also = e.Finding.Also
	return []*event.Event{f}
}

// others are the other sessions that are open: of the same account, or, where
// nobody is named, of the same client and server.
func (a *Across) others(v *visit, match func(o *visit) bool) []*visit {
	var list []*visit
	for _, id := range sorted(a.visits) {
		if o := a.visits[id]; o != v && o.server == v.server && match(o) {
			list = append(list, o)
		}
	}
	return list
}

// holder names the session that has the maildrop.
func (a *Across) holder(e *event.Event, v *visit) []*event.Event {
	for _, o := range a.others(v, func(o *visit) bool { return o.in && o.proto == event.POP3 && strings.EqualFold(o.who, v.who) }) {
		return supplement(e, "pop.in-use", fmt.Sprintf("session %s of %s has it, open for %s %s", o.id, addressOf(o.client), minutes(e.Time.Sub(o.opened)), across))
	}
	return nil
}

// crowd counts the sessions that are open.
func (a *Across) crowd(e *event.Event, v *visit, instead string) []*event.Event {
	same := func(o *visit) bool { return o.in && strings.EqualFold(o.who, v.who) }
	what := "of this account"
	if v.who == "" {
		same = func(o *visit) bool { return addressOf(o.client) == addressOf(v.client) }
		what = "from this address"
	}
	n := len(a.others(v, same))
	if n == 0 || instead != "" && n < 3 {
		return nil
	}
	detail := fmt.Sprintf("%d other sessions %s are open %s", n, what, across)
	if n == 1 {
		detail = fmt.Sprintf("1 other session %s is open %s", what, across)
	}
	found := supplement(e, "limit.connections", detail)
	if instead != "" {
		found[0].Finding.Also = []string{instead}
	}
	return found
}

// interval says how soon after the last login this one came.
func (a *Across) interval(e *event.Event, v *visit) []*event.Event {
	last, ok := a.accountOf(v).logins[v.proto]
	if !ok {
		return nil
	}
	allowed := ""
	if i := strings.Index(e.Finding.Title, "the server asks for "); i >= 0 {
		allowed = "; " + e.Finding.Title[i:]
	}
	return supplement(e, "pop.login-delay", fmt.Sprintf("the last login %s was %s before%s", across, seconds(e.Time.Sub(last)), allowed))
}

// serverOf tells servers apart: by their host, and on this machine, where many
// are tried side by side, by the port too.
func serverOf(url string) string {
	host := hostOf(url)
	if a, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !a.IsLoopback()) {
		return host
	}
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "?")
	return rest
}

// manyRefused is how many refused logins in a row make a server block an address.
const manyRefused = 3

// blocked tells a server that answers no more after refused logins.
func (a *Across) blocked(e *event.Event, v *visit) []*event.Event {
	s := a.servers[v.server]
	if s == nil || s.refused < manyRefused || e.Time.Sub(s.last) > time.Hour {
		return nil
	}
	f := supplement(e, "auth.blocked-ip", fmt.Sprintf("after %d refused logins %s it no longer answers", s.refused, across))
	f[0].Finding.Also = []string{e.Finding.ID}
	return f
}

// addressOf is an address without its port.
func addressOf(hostport string) string {
	if ap, err := netip.ParseAddrPort(hostport); err == nil {
		return ap.Addr().String()
	}
	return hostport
}
