package behaviour

import (
	"sort"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
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
	Signs   []Sign    `json:"signs,omitempty"` // of synchronisation, or of its lack
	Quota   *Quota    `json:"quota,omitempty"`

	flagged map[string]change // mailbox and UID -> who changed its flags last
	gone    []change          // messages that a session took away
	told    map[string]bool
}

// Device is what uses an account: told apart by address and by what the client
// calls itself.
type Device struct {
	Name   string   `json:"name"` // "Thunderbird 153 at 192.0.2.9"
	Protos []string `json:"protocols"`
	Visits int      `json:"sessions"`
}

// Visit is one session of an account.
type Visit struct {
	Session string    `json:"session"`
	Device  string    `json:"device"`
	Proto   string    `json:"protocol"`
	Opened  time.Time `json:"opened"`
	Closed  time.Time `json:"closed,omitzero"`
	Did     *Session  `json:"did"`
}

// Sign is evidence of what one device's doing means for another.
type Sign struct {
	Time     time.Time `json:"time"`
	Sentence string    `json:"sentence"`
	Evidence []string  `json:"evidence"` // SESSION:SEQ
}

// change is something that a session did to a message or a mailbox.
type change struct {
	by, id string
	device string
	proto  event.Proto
	time   time.Time
	n      int
}

// visit is what is remembered of a session, logged in or not.
type visit struct {
	Visit
	server  string
	address string
	account *Account
	args    map[int64]any
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
		v = &visit{Visit: Visit{Session: e.Session, Proto: e.Proto.String(), Opened: e.Time, Did: &Session{}}, args: map[int64]any{}}
		a.sessions[e.Session] = v
	}
	if e.Kind == event.KindSessionOpen && e.Route != nil {
		v.server, v.address = server(e.Route.Upstream), host(e.Route.Client)
	}
	v.Did.See(e)
	if e.User != "" {
		a.join(v, e)
		v.account.changes(v, e)
	}
	if e.Kind == event.KindSessionClose {
		v.Closed = e.Time
		delete(a.sessions, e.Session)
	}
}

// List gives the accounts in order of their first session.
func (a *Accounts) List() []*Account { return a.order }

// join finds the session's account and device once it has a user.
func (a *Accounts) join(v *visit, e *event.Event) {
	device := strings.TrimSpace(e.ClientID + " at " + v.address)
	if e.ClientID == "" {
		device = v.address
	}
	if v.account == nil {
		key := e.User + "\x00" + v.server
		acc := a.accounts[key]
		if acc == nil {
			acc = &Account{User: e.User, Server: v.server, flagged: map[string]change{}, told: map[string]bool{}}
			a.accounts[key] = acc
			a.order = append(a.order, acc)
		}
		v.account, v.Device = acc, device
		acc.Visits = append(acc.Visits, &v.Visit)
		acc.device(device, v.Proto, 1)
		acc.several(v, e)
	} else if v.Device != device && e.ClientID != "" {
		v.account.device(v.Device, v.Proto, -1)
		v.Device = device
		v.account.device(device, v.Proto, 1)
	}
	if v.Did.IMAP != nil && v.Did.IMAP.Quota != nil {
		v.account.Quota = v.Did.IMAP.Quota
	}
}

// device counts a device's sessions; one without any is taken away.
func (acc *Account) device(name, proto string, n int) {
	for i, d := range acc.Devices {
		if d.Name == name {
			d.Visits += n
			if d.Visits == 0 {
				acc.Devices = append(acc.Devices[:i], acc.Devices[i+1:]...)
			} else if !has(d.Protos, proto) {
				d.Protos = append(d.Protos, proto)
			}
			return
		}
	}
	if n > 0 {
		acc.Devices = append(acc.Devices, &Device{Name: name, Protos: []string{proto}, Visits: n})
	}
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// sign tells a piece of evidence once.
func (acc *Account) sign(key string, e *event.Event, sentence string, evidence ...string) {
	const most = 100
	if acc.told[key] || len(acc.Signs) >= most {
		return
	}
	acc.told[key] = true
	acc.Signs = append(acc.Signs, Sign{Time: e.Time, Sentence: sentence, Evidence: append(evidence, e.ID())})
}

// several tells that sessions of this account are open at the same time.
func (acc *Account) several(v *visit, e *event.Event) {
	if e.Proto != event.IMAP {
		return
	}
	for _, other := range acc.Visits {
		if other.Session != v.Session && other.Closed.IsZero() && other.Proto == "imap" {
			acc.sign("several", e, "several IMAP sessions use the account at once, and none has to wait for another")
			return
		}
	}
}

// changes follows what one session does and another one sees of it.
func (acc *Account) changes(v *visit, e *event.Event) {
	switch {
	case e.Kind == event.KindCommand:
		v.args[e.Seq] = e.Data
	case e.Completes:
		args := v.args[e.Cmd]
		delete(v.args, e.Cmd)
		if e.Status == "OK" || e.Status == "+OK" {
			acc.did(v, e, args)
		}
		if e.Code == "IN-USE" {
			acc.sign("in-use", e, "a POP3 session is refused: another one has the maildrop, and POP3 lets in one at a time")
		}
	case e.Kind == event.KindResponse:
		acc.sees(v, e)
	}
}

// did remembers changes that others may see.
func (acc *Account) did(v *visit, e *event.Event, args any) {
	mine := change{by: v.Session, id: e.ID(), device: v.Device, proto: e.Proto, time: e.Time}
	switch {
	case e.Proto == event.POP3 && e.For == "QUIT" && v.Did.POP3 != nil && v.Did.POP3.Effective():
		mine.n = v.Did.POP3.Deleted
		acc.gone = append(acc.gone, mine)
	case strings.HasSuffix(e.For, "STORE"):
		if a, ok := args.(*syntax.StoreArgs); ok && len(a.Set.Ranges) > 0 && len(acc.flagged) < 10000 {
			acc.flagged[e.Mailbox] = mine
		}
	case strings.HasSuffix(e.For, "EXPUNGE"), strings.HasSuffix(e.For, "MOVE"), e.For == "CLOSE":
		if v.Did.IMAP != nil && (v.Did.IMAP.Deleted > 0 || v.Did.IMAP.Moved > 0) {
			mine.n = 1
			acc.gone = append(acc.gone, mine)
		}
	case e.Proto == event.POP3 && (e.For == "STAT" || e.For == "LIST"):
		acc.empty(v, e)
	}
}

// empty tells a POP3 device that finds nothing after another has deleted.
func (acc *Account) empty(v *visit, e *event.Event) {
	p := v.Did.POP3
	if p == nil || !p.Known || p.Messages != 0 {
		return
	}
	for i := len(acc.gone) - 1; i >= 0; i-- {
		if c := acc.gone[i]; c.by != v.Session && c.proto == event.POP3 {
			acc.sign("empty "+v.Session, e, "the maildrop is empty for this session: the POP3 session "+c.by+" had downloaded the mail and deleted it", c.id)
			return
		}
	}
}

// sees holds what the server tells by itself against what other sessions did.
func (acc *Account) sees(v *visit, e *event.Event) {
	if e.For != "" && e.For != "IDLE" && e.For != "NOOP" && e.For != "CHECK" {
		return
	}
	switch e.Name {
	case "FETCH":
		d, ok := e.Data.(*syntax.FetchData)
		if c, found := acc.flagged[e.Mailbox]; ok && d.Flags != nil && found && c.by != v.Session {
			acc.sign("flag "+c.id+v.Session, e, "flags that session "+c.by+" changed in "+e.Mailbox+" appear in session "+v.Session+": IMAP keeps them on the server", c.id)
		}
	case "EXPUNGE", "VANISHED":
		for i := len(acc.gone) - 1; i >= 0; i-- {
			c := acc.gone[i]
			if c.by == v.Session {
				continue
			}
			acc.sign("gone "+c.id+v.Session, e, "mail that the "+c.proto.Title()+" session "+c.by+" deleted vanishes from the IMAP session "+v.Session, c.id)
			return
		}
	}
}

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

// Together sums the sessions of an account that spoke proto.
func (acc *Account) Together(proto string) (visits int, devices []string, got int64, deleted int) {
	seen := map[string]bool{}
	for _, v := range acc.Visits {
		if v.Proto != proto {
			continue
		}
		visits++
		seen[v.Device] = true
		if p := v.Did.POP3; p != nil {
			got += p.Got
			if p.Effective() {
				deleted += p.Deleted
			}
		}
		if m := v.Did.IMAP; m != nil {
			got += m.Got
			deleted += m.Expunged
		}
	}
	for d := range seen {
		devices = append(devices, d)
	}
	sort.Strings(devices)
	return visits, devices, got, deleted
}
