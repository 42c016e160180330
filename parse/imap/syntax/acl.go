package syntax

// ACLArgs is SETACL, DELETEACL and LISTRIGHTS: RFC 4314 §3.
type ACLArgs struct {
	Mailbox    Mailbox `json:"mailbox"`
	Identifier string  `json:"identifier"`
	Rights     *string `json:"rights,omitempty"` // SETACL: "+lr", "-w", "lrs"
}

func (c *cursor) aclArgs() any {
	set := c.rule == "setacl"
	a := &ACLArgs{}
	c.sp()
	a.Mailbox = c.mailbox()
	c.sp()
	a.Identifier = c.astring()
	if set {
		outer := c.enter("mod-rights")
		c.sp()
		r := c.rights(true)
		a.Rights = &r
		c.leave(outer)
	}
	return a
}

// rights reads letters and digits, one for each right: an astring. With sign
// "+" or "-" may come first.
func (c *cursor) rights(sign bool) string {
	begin := c.pos
	s := c.astring()
	for i, r := range s {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || sign && i == 0 && (r == '+' || r == '-') {
			continue
		}
		c.defectAt(begin, "rights: lower-case letters and digits", "")
		break
	}
	return s
}

// ACLData is ACL data: RFC 4314 §3.6.
type ACLData struct {
	Mailbox Mailbox    `json:"mailbox"`
	Entries []ACLEntry `json:"entries"`
}

// ACLEntry is who may do what; an identifier with "-" before it takes rights away.
type ACLEntry struct {
	Identifier string `json:"identifier"`
	Rights     string `json:"rights"`
}

func (c *cursor) aclData() any {
	d := &ACLData{Entries: []ACLEntry{}}
	c.sp()
	d.Mailbox = c.mailbox()
	for c.more() {
		e := ACLEntry{Identifier: c.astring()}
		c.sp()
		e.Rights = c.rights(false)
		d.Entries = append(d.Entries, e)
	}
	return d
}

// ListRightsData is LISTRIGHTS data: RFC 4314 §3.7.
type ListRightsData struct {
	Mailbox    Mailbox  `json:"mailbox"`
	Identifier string   `json:"identifier"`
	Required   string   `json:"required"` // always granted
	Optional   []string `json:"optional"` // granted together
}

func (c *cursor) listRightsData() any {
	d := &ListRightsData{Optional: []string{}}
	c.sp()
	d.Mailbox = c.mailbox()
	c.sp()
	d.Identifier = c.astring()
	c.sp()
	d.Required = c.rights(false)
	for c.more() {
		d.Optional = append(d.Optional, c.rights(false))
	}
	return d
}

// MyRightsData is MYRIGHTS data: RFC 4314 §3.8.
type MyRightsData struct {
	Mailbox Mailbox `json:"mailbox"`
	Rights  string  `json:"rights"`
}

func (c *cursor) myRightsData() any {
	d := &MyRightsData{}
	c.sp()
	d.Mailbox = c.mailbox()
	c.sp()
	d.Rights = c.rights(false)
	return d
}
