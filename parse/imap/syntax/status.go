package syntax

// StatusArgs is STATUS: RFC 9051 §6.3.11.
type StatusArgs struct {
	Mailbox Mailbox  `json:"mailbox"`
	Items   []string `json:"items"`
}

func (c *cursor) statusArgs() any {
	a := &StatusArgs{Items: []string{}}
	c.sp()
	a.Mailbox = c.mailbox()
	c.sp()
	outer := c.enter("status-att")
	c.list(func() { a.Items = append(a.Items, c.statusAtt()) })
	if len(a.Items) == 0 {
		c.emptyList("status-att")
	}
	c.leave(outer)
	return a
}

// statusAtt reads the name of an item. Those that begin with X are for vendors.
func (c *cursor) statusAtt() string {
	begin := c.pos
	name := c.name()
	if _, known := StatusItems.Find(name); !known && name != "" && name[0] != 'X' {
		c.defectAt(begin, "status-att", "")
	}
	return name
}

// StatusData is STATUS data: RFC 9051 §7.3.3.
type StatusData struct {
	Mailbox        Mailbox  `json:"mailbox"`
	Messages       Num      `json:"messages,omitzero"`
	Recent         Num      `json:"recent,omitzero"`
	UIDNext        Num      `json:"uidnext,omitzero"`
	UIDValidity    Num      `json:"uidvalidity,omitzero"`
	Unseen         Num      `json:"unseen,omitzero"`
	Deleted        Num      `json:"deleted,omitzero"`
	DeletedStorage Num      `json:"deleted_storage,omitzero"` // octets
	Size           Num      `json:"size,omitzero"`            // octets
	HighestModSeq  Num      `json:"highestmodseq,omitzero"`
	AppendLimit    Num      `json:"appendlimit,omitzero"` // octets
	MailboxID      string   `json:"mailboxid,omitempty"`
	Other          []Option `json:"other,omitempty"` // and what is NIL
}

func (c *cursor) statusData() any {
	d := &StatusData{}
	c.sp()
	d.Mailbox = c.mailbox()
	c.sp()
	outer := c.enter("status-att-val")
	c.list(func() {
		name := c.name()
		c.sp()
		c.statusItem(d, name)
	})
	c.leave(outer)
	return d
}

func (c *cursor) statusItem(d *StatusData, name string) {
	switch name {
	case "MESSAGES":
		d.Messages = c.num32()
	case "RECENT":
		d.Recent = c.num32()
	case "UIDNEXT":
		d.UIDNext = c.num32()
	case "UIDVALIDITY":
		d.UIDValidity = c.num32()
	case "UNSEEN":
		d.Unseen = c.num32()
	case "DELETED":
		d.Deleted = c.num32()
	case "DELETED-STORAGE":
		d.DeletedStorage = c.num()
	case "SIZE":
		d.Size = c.num()
	case "HIGHESTMODSEQ":
		d.HighestModSeq = c.num()
	case "APPENDLIMIT":
		if c.atNIL() { // no limit: RFC 7889 §3
			d.Other = append(d.Other, Option{name, &Node{Kind: KindNIL}})
			return
		}
		d.AppendLimit = c.num()
	case "MAILBOXID":
		d.MailboxID = c.objectID()
	default:
		n := c.node()
		d.Other = append(d.Other, Option{name, &n})
	}
}

// num32 reads a number of 32 bits as a Num.
func (c *cursor) num32() Num {
	n := c.number()
	return Num{uint64(n), !c.stopped}
}

// objectID reads "(" objectid ")": RFC 8474 §7.
func (c *cursor) objectID() string {
	outer := c.enter("objectid")
	defer c.leave(outer)
	c.expect('(')
	begin := c.pos
	id := c.atom()
	c.checkID(id, begin)
	c.expect(')')
	return id
}

// checkID holds an id to 1*255(ALPHA / DIGIT / "_" / "-").
func (c *cursor) checkID(id string, begin int) {
	if len(id) > 255 {
		c.defectAt(begin, "1*255 octets", "")
	}
	for i := range len(id) {
		b := id[i]
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-') {
			c.defectAt(begin+i, `ALPHA, DIGIT, "_" or "-"`, "")
			return
		}
	}
}
