package syntax

// MailboxArgs is a command with a mailbox and nothing else: DELETE, SUBSCRIBE,
// UNSUBSCRIBE, GETQUOTAROOT, GETACL, MYRIGHTS.
type MailboxArgs struct {
	Mailbox Mailbox `json:"mailbox"`
}

func (c *cursor) mailboxArgs() any {
	c.sp()
	return &MailboxArgs{c.mailbox()}
}

// SelectArgs is SELECT and EXAMINE: RFC 9051 §6.3.2, RFC 7162, RFC 5257.
type SelectArgs struct {
	Mailbox   Mailbox      `json:"mailbox"`
	CondStore bool         `json:"condstore,omitempty"`
	Annotate  bool         `json:"annotate,omitempty"`
	QResync   *QResyncArgs `json:"qresync,omitempty"`
	Other     []Option     `json:"other,omitempty"`
}

// QResyncArgs is what the client has, and wants to be told the changes since:
// RFC 7162 §3.2.5.
type QResyncArgs struct {
	UIDValidity uint32 `json:"uidvalidity"`
	ModSeq      uint64 `json:"modseq"`
	Known       NumSet `json:"known_uids,omitzero"`
	MatchSeq    NumSet `json:"match_seq,omitzero"`
	MatchUID    NumSet `json:"match_uids,omitzero"`
}

// Option is a name, upper case, and its arguments, where it has any.
type Option struct {
	Name  string `json:"name"`
	Value *Node  `json:"value,omitempty"`
}

func (c *cursor) selectArgs() any {
	a := &SelectArgs{}
	c.sp()
	a.Mailbox = c.mailbox()
	if !c.more() {
		return a
	}
	outer := c.enter("select-params")
	defer c.leave(outer)
	c.list(func() {
		switch name := c.name(); name {
		case "CONDSTORE":
			a.CondStore = true
		case "ANNOTATE":
			a.Annotate = true
		case "QRESYNC":
			a.QResync = c.qresync()
		default:
			a.Other = append(a.Other, c.optionValue(name))
		}
	})
	if !a.CondStore && !a.Annotate && a.QResync == nil && a.Other == nil {
		c.emptyList("select-param")
	}
	return a
}

func (c *cursor) qresync() *QResyncArgs {
	outer := c.enter("qresync")
	defer c.leave(outer)
	q := &QResyncArgs{}
	c.sp()
	c.expect('(')
	q.UIDValidity = c.nzNumber()
	c.sp()
	q.ModSeq = c.number64()
	if c.peek() == ' ' && c.peekAt(1) != '(' {
		c.sp()
		q.Known = c.uidSet()
	}
	if c.peek() == ' ' {
		c.sp()
		c.expect('(')
		q.MatchSeq = c.uidSet()
		c.sp()
		q.MatchUID = c.uidSet()
		c.expect(')')
	}
	c.expect(')')
	return q
}

// optionValue reads the value of an option, if one follows: a parenthesized
// list, or a number or set where the option's list goes on with one.
func (c *cursor) optionValue(name string) Option {
	o := Option{Name: name}
	if c.peek() == ' ' && (c.peekAt(1) == '(' || class[c.peekAt(1)]&digitChar != 0 || c.peekAt(1) == '"') {
		c.sp()
		n := c.node()
		o.Value = &n
	}
	return o
}

// CreateArgs is CREATE: RFC 9051 §6.3.4, RFC 6154 §3.
type CreateArgs struct {
	Mailbox Mailbox  `json:"mailbox"`
	Use     []string `json:"use,omitempty"` // special-use attributes
	Other   []Option `json:"other,omitempty"`
}

func (c *cursor) createArgs() any {
	a := &CreateArgs{}
	c.sp()
	a.Mailbox = c.mailbox()
	if !c.more() {
		return a
	}
	outer := c.enter("create-params")
	defer c.leave(outer)
	c.list(func() {
		name := c.name()
		if name != "USE" {
			a.Other = append(a.Other, c.optionValue(name))
			return
		}
		c.sp()
		c.list(func() { a.Use = append(a.Use, c.attribute()) })
	})
	return a
}

// RenameArgs is RENAME: RFC 9051 §6.3.6.
type RenameArgs struct {
	From Mailbox `json:"from"`
	To   Mailbox `json:"to"`
}

func (c *cursor) renameArgs() any {
	a := &RenameArgs{}
	c.sp()
	a.From = c.mailbox()
	c.sp()
	a.To = c.mailbox()
	if c.more() { // RFC 4466 §2.2; none are defined
		outer := c.enter("rename-params")
		c.options()
		c.leave(outer)
	}
	return a
}

// attribute reads a mailbox attribute: "\" atom. One without its backslash is
// a known defect.
func (c *cursor) attribute() string {
	begin := c.pos
	if !c.take('\\') {
		c.defect(`"\"`, "")
	}
	c.atomBytes()
	return intern(c.data[begin:c.pos])
}
