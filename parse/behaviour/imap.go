package behaviour

import (
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// inbox is POP3's maildrop as IMAP names it.
const inbox = "INBOX"

// IMAP is what a session did with mailboxes (RFC 9051). Messages are counted
// once a mailbox, however often a client asks for them.
type IMAP struct {
	Mailboxes []*Mailbox `json:"mailboxes,omitempty"` // that were opened, in order
	Listed    int64      `json:"listed,omitempty"`    // mailboxes that the server named
	Headers   int        `json:"headers"`             // messages whose headers or envelope were fetched
	Parts     int        `json:"parts"`               // messages of which parts or a piece were fetched
	Bodies    int        `json:"bodies"`              // messages that were fetched whole
	Got       int64      `json:"fetched_octets"`      // of message text
	Flagged   int64      `json:"flags_changed"`       // messages whose flags were changed
	Flags     []Flag     `json:"flags,omitempty"`     // which, and how often
	Expunged  int64      `json:"expunged"`            // messages that the session removed for good
	Moved     int64      `json:"moved"`               // messages
	Copied    int64      `json:"copied"`              // messages
	Appended  int64      `json:"appended"`            // messages
	To        Targets    `json:"to,omitzero"`
	Created   []string   `json:"created,omitempty"`
	Renamed   []string   `json:"renamed,omitempty"`
	Removed   []string   `json:"removed,omitempty"`
	Searches  int        `json:"searches,omitempty"`
	Idles     int        `json:"idles"`
	Idled     int64      `json:"idled_ms"`
	News      News       `json:"news"`
	Quota     *Quota     `json:"quota,omitempty"`

	several bool // one command fetched several messages whole
	idle    time.Time
	current *Mailbox
	opening *Mailbox
	open    map[int64]*open // commands without an answer, by seq
}

// Mailbox is a mailbox that was opened.
type Mailbox struct {
	Name     string `json:"name"`
	ReadOnly bool   `json:"read_only,omitempty"`
	Exists   uint32 `json:"exists"` // messages, as far as the session knows
	Whole    int    `json:"whole"`  // messages that were fetched whole

	most                  uint32 // of Exists
	marked                int64  // \Deleted, by this session
	whole, parts, headers numbers
}

// Flag is a flag that the session set or took away, and on how many messages.
type Flag struct {
	Name    string `json:"flag"`
	Set     int64  `json:"set,omitempty"`
	Cleared int64  `json:"cleared,omitempty"`
}

// News is what others did meanwhile: data that the session did not ask for.
type News struct {
	Arrived  int64 `json:"arrived"`
	Vanished int64 `json:"vanished"`
	Flagged  int64 `json:"flagged"`
}

// Targets are the mailboxes that messages were put into.
type Targets struct {
	Moved    []string `json:"moved,omitempty"`
	Copied   []string `json:"copied,omitempty"`
	Appended []string `json:"appended,omitempty"`
}

// Any reports whether there was any.
func (n News) Any() bool { return n != News{} }

// Quota is how full the account is, in octets.
type Quota struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"`
}

// open is a command on its way, and what the server sent for it so far.
type open struct {
	args    any
	fetched int64 // FETCH responses
	whole   int64 // of these with a whole message
	gone    int64 // messages expunged
	copied  int64 // by COPYUID
}

func (m *IMAP) see(e *event.Event, acts *[]act) {
	switch {
	case e.Kind == event.KindCommand:
		m.command(e)
	case e.Kind == event.KindClientData && !m.idle.IsZero():
		m.Idled += e.Time.Sub(m.idle).Milliseconds()
		m.idle = time.Time{}
	case e.Completes:
		m.completed(e, acts)
	case e.Kind == event.KindResponse:
		m.data(e, acts)
	}
}

func (m *IMAP) command(e *event.Event) {
	if m.open == nil {
		m.open = map[int64]*open{}
	}
	m.open[e.Seq] = &open{args: e.Data}
	switch e.Name {
	case "IDLE":
		m.Idles++
		m.idle = e.Time
	case "SELECT", "EXAMINE":
		if a, ok := e.Data.(*syntax.SelectArgs); ok {
			m.opening = m.mailbox(a.Mailbox.Name)
			m.opening.ReadOnly = e.Name == "EXAMINE"
		}
	}
}

// mailbox is the one of that name that was opened before, or a new one.
func (m *IMAP) mailbox(name string) *Mailbox {
	for _, b := range m.Mailboxes {
		if b.Name == name {
			return b
		}
	}
	return &Mailbox{Name: name}
}

// completed counts what worked.
func (m *IMAP) completed(e *event.Event, acts *[]act) {
	o := m.open[e.Cmd]
	delete(m.open, e.Cmd)
	if o == nil {
		o = &open{}
	}
	name := strings.TrimPrefix(e.For, "UID ")
	if name == "SELECT" || name == "EXAMINE" {
		m.opened(e.Status == "OK", acts)
	}
	if e.Status != "OK" {
		return
	}
	copied(o, e)
	switch name {
	case "STORE":
		m.stored(o, strings.HasPrefix(e.For, "UID"), acts)
	case "EXPUNGE":
		m.expunged(o.gone, acts)
	case "CLOSE":
		if b := m.current; b != nil && !b.ReadOnly {
			m.expunged(b.marked, acts)
			b.Exists -= min(b.Exists, uint32(b.marked))
		}
		m.current = nil
	case "UNSELECT":
		m.current = nil
	case "MOVE", "COPY":
		m.transferred(name, o, acts)
	case "APPEND":
		m.appended(o.args, acts)
	case "SEARCH", "SORT", "THREAD":
		m.Searches++
	case "CREATE", "RENAME", "DELETE":
		m.arranged(o.args, name)
	case "LIST", "XLIST":
		if s, ok := e.Data.(*syntax.Status); ok {
			m.Listed = max(m.Listed, s.Responses)
		}
	}
}

// opened ends SELECT and EXAMINE: one that fails leaves no mailbox open
// (RFC 9051 §6.3.2).
func (m *IMAP) opened(ok bool, acts *[]act) {
	b := m.opening
	m.opening, m.current = nil, nil
	if !ok || b == nil {
		return
	}
	m.current, b.marked = b, 0
	if m.mailbox(b.Name) != b {
		m.Mailboxes = append(m.Mailboxes, b)
	}
	*acts = append(*acts, act{kind: actFound, mailbox: b.Name, n: int64(b.Exists)})
}

// arranged keeps what was done to mailboxes themselves.
func (m *IMAP) arranged(args any, name string) {
	switch a := args.(type) {
	case *syntax.CreateArgs:
		m.Created = append(m.Created, a.Mailbox.Name)
	case *syntax.RenameArgs:
		m.Renamed = append(m.Renamed, quoted(a.From.Name)+" to "+quoted(a.To.Name))
	case *syntax.MailboxArgs:
		if name == "DELETE" {
			m.Removed = append(m.Removed, a.Mailbox.Name)
		}
	}
}

// many is how many messages a command was about: those that the server told
// of, or those of its set as far as the mailbox has them.
func (m *IMAP) many(o *open, set syntax.NumSet, told int64) int64 {
	if told > 0 {
		return told
	}
	n, ok := set.Count()
	if m.current != nil && (!ok || n > int64(m.current.Exists)) {
		return int64(m.current.Exists)
	}
	return n
}

// stored counts messages by the flags that a STORE changed.
func (m *IMAP) stored(o *open, uid bool, acts *[]act) {
	a, ok := o.args.(*syntax.StoreArgs)
	if !ok || a.Item != "FLAGS" || m.current == nil {
		return
	}
	told := o.fetched
	if a.Silent {
		told = 0
	}
	n := m.many(o, a.Set, told)
	m.Flagged += n
	deleted := false
	for _, f := range a.Flags {
		deleted = deleted || strings.EqualFold(string(f), string(imap.FlagDeleted))
		m.flag(f, a.Op, n)
	}
	if deleted && a.Op != "-" {
		m.current.marked += n
	} else if deleted || a.Op == "" {
		m.current.marked = max(0, m.current.marked-n)
	}
	did := act{kind: actFlags, mailbox: m.current.Name, n: n, flags: a.Flags, cleared: a.Op == "-"}
	if uid {
		did.uids = a.Set
	}
	*acts = append(*acts, did)
}

// maxFlags bounds how many different flags are told apart.
const maxFlags = 32

func (m *IMAP) flag(name imap.Flag, op string, n int64) {
	var f *Flag
	for i := range m.Flags {
		if strings.EqualFold(m.Flags[i].Name, string(name)) {
			f = &m.Flags[i]
		}
	}
	if f == nil {
		if len(m.Flags) == maxFlags {
			return
		}
		m.Flags = append(m.Flags, Flag{Name: string(name)})
		f = &m.Flags[len(m.Flags)-1]
	}
	if op == "-" {
		f.Cleared += n
	} else {
		f.Set += n
	}
}

func (m *IMAP) expunged(n int64, acts *[]act) {
	b := m.current
	if b == nil || n == 0 {
		return
	}
	m.Expunged += n
	b.marked = max(0, b.marked-n)
	*acts = append(*acts, act{kind: actGone, mailbox: b.Name, n: n})
}

// transferred counts COPY and MOVE.
func (m *IMAP) transferred(name string, o *open, acts *[]act) {
	a, ok := o.args.(*syntax.CopyArgs)
	if !ok || m.current == nil {
		return
	}
	n := m.many(o, a.Set, max(o.copied, o.gone))
	if name == "COPY" {
		m.Copied += n
		filled(&m.To.Copied, a.Mailbox.Name, n, acts)
		return
	}
	m.Moved += n
	*acts = append(*acts, act{kind: actGone, mailbox: m.current.Name, n: n})
	filled(&m.To.Moved, a.Mailbox.Name, n, acts)
}

func (m *IMAP) appended(args any, acts *[]act) {
	if a, ok := args.(*syntax.AppendArgs); ok {
		n := max(1, int64(len(a.Messages)))
		m.Appended += n
		filled(&m.To.Appended, a.Mailbox.Name, n, acts)
	}
}

// filled notes that n messages were put into a mailbox.
func filled(targets *[]string, mailbox string, n int64, acts *[]act) {
	if !has(*targets, mailbox) {
		*targets = append(*targets, mailbox)
	}
	*acts = append(*acts, act{kind: actStored, mailbox: mailbox, n: n})
}

// copied takes the number of messages from COPYUID, which comes with COPY's
// completion and before MOVE's (RFC 6851 §4.3).
func copied(o *open, e *event.Event) {
	if s, ok := e.Data.(*syntax.Status); ok {
		if c, ok := s.Args.(*syntax.CopyUIDCode); ok {
			o.copied, _ = c.From.Count()
		}
	}
}

// data counts what the server sent.
func (m *IMAP) data(e *event.Event, acts *[]act) {
	o := m.open[e.Cmd]
	if o == nil {
		o = &open{}
	}
	switch d := e.Data.(type) {
	case *syntax.NumberData:
		switch e.Name {
		case "EXISTS":
			m.exists(e, d.Number, acts)
		case "EXPUNGE":
			m.gone(e, o, 1, acts)
			m.shift(d.Number)
		}
	case *syntax.VanishedData:
		if n, ok := d.UIDs.Count(); ok && !d.Earlier {
			m.gone(e, o, n, acts)
		}
	case *syntax.FetchData:
		m.fetched(e, o, d, acts)
	case *syntax.QuotaData:
		m.quota(d)
	case *syntax.Status:
		copied(o, e)
	}
}

// asked reports whether data answers what its session asked for: IDLE, NOOP and
// CHECK ask for nothing but news.
func asked(e *event.Event) bool {
	switch e.For {
	case "", "IDLE", "NOOP", "CHECK":
		return false
	}
	return true
}

// exists takes the number of messages. More than before are news, but behind
// the session's own APPEND or COPY.
func (m *IMAP) exists(e *event.Event, n uint32, acts *[]act) {
	b := m.current
	selecting := e.For == "SELECT" || e.For == "EXAMINE"
	if selecting {
		b = m.opening
	}
	if b == nil {
		return
	}
	if !selecting && !asked(e) && n > b.Exists {
		more := int64(n - b.Exists)
		m.News.Arrived += more
		*acts = append(*acts, act{kind: actArrived, mailbox: b.Name, n: more})
	}
	b.Exists = n
	b.most = max(b.most, n)
}

// gone counts messages that the server removed: by the session's own command,
// or as news.
func (m *IMAP) gone(e *event.Event, o *open, n int64, acts *[]act) {
	b := m.current
	if b == nil {
		return
	}
	b.Exists -= min(b.Exists, uint32(n))
	switch strings.TrimPrefix(e.For, "UID ") {
	case "EXPUNGE", "MOVE", "CLOSE", "REPLACE":
		o.gone += n
		return
	}
	m.News.Vanished += n
	*acts = append(*acts, act{kind: actVanished, mailbox: b.Name, n: n})
}

// shift moves the numbers of messages behind one that is gone.
func (m *IMAP) shift(n uint32) {
	if b := m.current; b != nil {
		b.whole.drop(n)
		b.parts.drop(n)
		b.headers.drop(n)
	}
}

func (m *IMAP) quota(d *syntax.QuotaData) {
	for _, r := range d.Resources {
		if r.Resource == "STORAGE" {
			m.Quota = &Quota{Used: int64(r.Usage) * 1024, Limit: int64(r.Limit) * 1024}
		}
	}
}

func (m *IMAP) rest() {
	m.open, m.current, m.opening = nil, nil, nil
	for _, b := range m.Mailboxes {
		b.whole, b.parts, b.headers = numbers{}, numbers{}, numbers{}
	}
}

// Offline tells whether the session took whole mailboxes: nearly every message
// of one with at least three.
func (m *IMAP) Offline() bool {
	for _, b := range m.Mailboxes {
		if b.most >= 3 && b.Whole*10 >= int(b.most)*9 {
			return true
		}
	}
	return false
}
