package behaviour

import (
	"slices"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Accounts gathers what all sessions of a run or a capture did, by account: a
// user at a server. Its zero value is ready.
type Accounts struct {
	accounts map[string]*Account
	order    []*Account
	sessions map[string]*visit
}

// Account is a user at a server.
type Account struct {
	User    string    `json:"user"`
	Server  string    `json:"server"` // what the upstreams' hosts have in common
	Devices []*Device `json:"devices"`
	Visits  []*Visit  `json:"sessions"`
	Signs   []Sign    `json:"signs,omitempty"`  // of synchronisation, or of its lack
	Refused int       `json:"in_use,omitempty"` // logins that a POP3 session that was open kept out
	Quota   *Quota    `json:"quota,omitempty"`

	bitten bool // an IMAP session misses what a POP3 session took away
	boxes  map[string]*box
	signs  map[string]int       // key -> its place in Signs
	events int64                // that were seen
	at     map[string]*presence // by protocol
	words  told
}

// Visit is one session of an account.
type Visit struct {
	Session string    `json:"session"`
	Device  string    `json:"device"`
	Proto   string    `json:"protocol"`
	Opened  time.Time `json:"opened"`
	Closed  time.Time `json:"closed,omitzero"`
	Did     *Session  `json:"did"`

	device *Device
	over   bool // it took leave; the connection may close later
}

// visit is what is remembered of a session, logged in or not.
type visit struct {
	Visit
	server  string
	address string
	hello   string // of its TLS
	account *Account
}

// title names a session in a sentence.
func (v *Visit) title() string {
	return event.ParseProto(v.Proto).Title() + " session " + v.Session
}

// See takes the next event of any session, in order of time.
func (a *Accounts) See(e *event.Event) {
	if e.Context == nil || e.Session == "" {
		return
	}
	if a.sessions == nil {
		a.sessions, a.accounts = map[string]*visit{}, map[string]*Account{}
	}
	v := a.sessions[e.Session]
	if v == nil {
		if e.Kind == event.KindFinding || e.Kind == event.KindMark { // of a session that is over
			return
		}
		v = &visit{Visit: Visit{Session: e.Session, Proto: e.Proto.String(), Opened: e.Time, Did: &Session{}}}
		a.sessions[e.Session] = v
	}
	switch {
	case e.Kind == event.KindSessionOpen && e.Route != nil:
		v.server, v.address = server(e.Route.Upstream), host(e.Route.Client)
	case e.Kind == event.KindTLS && e.TLS != nil && e.TLS.Side == event.SideClient && e.TLS.Hello != "":
		v.hello = e.TLS.Hello
	}
	v.Did.See(e)
	if e.User != "" {
		a.join(v, e)
		v.account.acts(&v.Visit, e)
	} else if e.Completes && e.Code == "IN-USE" && v.Did.inUse {
		a.account(v.Did.named, v.server).keptOut(&v.Visit, e)
	}
	if v.account != nil {
		v.account.events++
		if e.State == event.StateLogout || e.State == event.StateUpdate || e.Kind == event.KindSessionClose {
			v.account.presence(v.Proto).leave(&v.Visit)
		}
	}
	if e.Kind == event.KindSessionClose {
		v.Closed = e.Time
		v.Did.rest()
		delete(a.sessions, e.Session)
	}
}

// presence is how many sessions of a protocol are open, from the login to the
// goodbye, and how many were at most.
type presence struct{ now, most int }

func (acc *Account) presence(proto string) *presence {
	p := acc.at[proto]
	if p == nil {
		p = &presence{}
		acc.at[proto] = p
	}
	return p
}

func (p *presence) leave(v *Visit) {
	if !v.over {
		v.over = true
		p.now--
	}
}

// Forget drops the sessions that gone is true of from the list of each account;
// what was learnt of them stays.
func (a *Accounts) Forget(gone func(session string) bool) {
	for _, acc := range a.order {
		acc.Visits = slices.DeleteFunc(acc.Visits, func(v *Visit) bool { return gone(v.Session) })
	}
}

// List gives the accounts in order of their first session.
func (a *Accounts) List() []*Account { return a.order }

// account is the one of a user at a server.
func (a *Accounts) account(user, server string) *Account {
	key := user + "\x00" + server
	acc := a.accounts[key]
	if acc == nil {
		acc = &Account{User: user, Server: server, boxes: map[string]*box{}, signs: map[string]int{}, at: map[string]*presence{}}
		a.accounts[key] = acc
		a.order = append(a.order, acc)
	}
	return acc
}

// join finds the session's account and device once it has a user.
func (a *Accounts) join(v *visit, e *event.Event) {
	if v.account == nil {
		v.account = a.account(e.User, v.server)
		v.account.Visits = append(v.account.Visits, &v.Visit)
		v.account.use(v, e.ClientID)
		v.account.enter(&v.Visit, e)
	} else if e.ClientID != "" && v.device.client != e.ClientID {
		v.account.leave(&v.Visit)
		v.account.use(v, e.ClientID)
	}
	if v.Did.IMAP != nil && v.Did.IMAP.Quota != nil {
		v.account.Quota = v.Did.IMAP.Quota
	}
}

func has(list []string, s string) bool { return slices.Contains(list, s) }

// server is what a provider's servers have in common: the host of a route's
// URL without the label that names the protocol, so that imap.example.org and
// pop.example.org are one account's.
func server(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "?")
	name := strings.ToLower(host(rest))
	first, domain, ok := strings.Cut(name, ".")
	if ok && strings.Contains(domain, ".") {
		switch first {
		case "imap", "imaps", "imap4", "pop", "pop3", "pops", "pop3s", "mail", "mx", "in", "incoming":
			return domain
		}
	}
	return name
}

// host is the address of IP:PORT.
func host(address string) string {
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		return strings.Trim(address[:i], "[]")
	}
	return address
}
