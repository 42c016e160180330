package syntax

// ListArgs is LIST, LSUB, XLIST, RLIST and RLSUB: RFC 9051 §6.3.9, RFC 5258.
type ListArgs struct {
	Select    []Option  `json:"select,omitempty"` // selection options: SUBSCRIBED, RECURSIVEMATCH, SPECIAL-USE
	Reference string    `json:"reference"`
	Patterns  []Mailbox `json:"patterns"`
	Return    []Option  `json:"return,omitempty"` // return options: CHILDREN, STATUS (...)
}

func (c *cursor) lsubArgs() any {
	a := &ListArgs{Patterns: []Mailbox{}}
	c.sp()
	a.Reference = c.mailbox().Name
	c.sp()
	a.Patterns = append(a.Patterns, c.listMailbox())
	return a
}

func (c *cursor) listArgs() any {
	a := &ListArgs{Patterns: []Mailbox{}}
	c.sp()
	if c.peek() == '(' {
		outer := c.enter("list-select-opts")
		begin := c.pos
		a.Select = c.options()
		c.baseOption(a.Select, begin)
		c.sp()
		c.leave(outer)
	}
	a.Reference = c.mailbox().Name
	c.sp()
	if c.peek() == '(' {
		c.list(func() { a.Patterns = append(a.Patterns, c.listMailbox()) })
		if len(a.Patterns) == 0 {
			c.emptyList("list-mailbox")
		}
	} else {
		a.Patterns = append(a.Patterns, c.listMailbox())
	}
	if c.more() {
		outer := c.enter("list-return-opts")
		if !c.word("RETURN") {
			c.fail(`"RETURN"`)
		}
		c.sp()
		c.list(func() { a.Return = append(a.Return, c.returnOption()) })
		c.leave(outer)
	}
	return a
}

// baseOption expects, beside RECURSIVEMATCH, an option to match: RFC 9051
// §6.3.9.1. Of options that are not known nobody can say what they are.
func (c *cursor) baseOption(options []Option, begin int) {
	recursive := false
	for _, o := range options {
		switch o.Name {
		case "RECURSIVEMATCH":
			recursive = true
		case "REMOTE":
		default:
			return
		}
	}
	if recursive {
		c.defectAt(begin, "an option as SUBSCRIBED beside RECURSIVEMATCH", "")
	}
}

// returnOption reads a return option. Those of STATUS (RFC 5819) and METADATA
// (RFC 9590) come with a list.
func (c *cursor) returnOption() Option {
	o := c.optionValue(c.name())
	if o.Name != "STATUS" && o.Name != "METADATA" {
		return o
	}
	switch {
	case o.Value == nil || o.Value.Kind != KindList:
		c.defect("SP and a list behind "+o.Name, "")
	case len(o.Value.List) == 0:
		c.defectAt(c.pos-1, "what "+o.Name+" is to give", "")
	}
	return o
}

// options reads a list of options: names, some with a value.
func (c *cursor) options() (list []Option) {
	c.list(func() { list = append(list, c.optionValue(c.name())) })
	return list
}

// listMailbox reads a pattern: list-char or a string.
func (c *cursor) listMailbox() Mailbox {
	outer := c.enter("list-mailbox")
	defer c.leave(outer)
	if c.peek() == '"' || c.atLiteral() {
		return NewMailbox(c.str())
	}
	b := c.span(listChar)
	if len(b) == 0 {
		c.fail("list-mailbox")
	}
	return NewMailbox(intern(b))
}

// ListData is LIST, LSUB and XLIST data: RFC 9051 §7.3.1, RFC 5258.
type ListData struct {
	Attributes []string `json:"attributes"`
	Delimiter  *string  `json:"delimiter"` // null: a flat namespace
	Mailbox    Mailbox  `json:"mailbox"`
	ChildInfo  []string `json:"childinfo,omitempty"` // which selection options matched below it
	OldName    *Mailbox `json:"oldname,omitempty"`   // what it was called before
	Other      []Option `json:"other,omitempty"`
}

func (c *cursor) listData() any {
	d := &ListData{Attributes: []string{}}
	outer := c.enter("mbx-list-flags")
	c.sp()
	c.list(func() { d.Attributes = append(d.Attributes, c.attribute()) })
	c.rule = "mailbox-list"
	c.sp()
	d.Delimiter = c.delimiter()
	c.sp()
	d.Mailbox = c.mailbox()
	c.rule = "mbox-list-extended"
	if c.more() {
		c.list(func() { c.listExtended(d) })
	}
	c.leave(outer)
	return d
}

// delimiter reads DQUOTE QUOTED-CHAR DQUOTE, or NIL. More than one octet, or
// none, is a known defect.
func (c *cursor) delimiter() *string {
	if c.atNIL() {
		return nil
	}
	begin := c.pos
	s := intern(c.quotedBytes())
	if len(s) != 1 {
		c.defectAt(begin, "one QUOTED-CHAR or NIL", "")
	}
	return &s
}

// listExtended reads a mbox-list-extended-item: RFC 5258 §6.
func (c *cursor) listExtended(d *ListData) {
	name := upper([]byte(c.astring()))
	c.sp()
	switch name {
	case "CHILDINFO":
		c.list(func() { d.ChildInfo = append(d.ChildInfo, upper([]byte(c.astring()))) })
	case "OLDNAME":
		c.expect('(')
		m := c.mailbox()
		d.OldName = &m
		c.expect(')')
	default:
		n := c.node()
		d.Other = append(d.Other, Option{name, &n})
	}
}

// NamespaceData is NAMESPACE: RFC 9051 §7.3.2, RFC 2342. Null where NIL.
type NamespaceData struct {
	Personal []Namespace `json:"personal"`
	Others   []Namespace `json:"others"` // other users'
	Shared   []Namespace `json:"shared"`
}

// Namespace is one of them: mailboxes whose names begin with Prefix.
type Namespace struct {
	Prefix    Mailbox  `json:"prefix"`
	Delimiter *string  `json:"delimiter"`
	Other     []Option `json:"other,omitempty"`
}

func (c *cursor) namespaceData() any {
	d := &NamespaceData{}
	c.sp()
	d.Personal = c.namespaces()
	c.sp()
	d.Others = c.namespaces()
	c.sp()
	d.Shared = c.namespaces()
	return d
}

// namespaces reads NIL, or namespace descriptions with nothing between them.
func (c *cursor) namespaces() (list []Namespace) {
	outer := c.enter("namespace")
	defer c.leave(outer)
	if c.atNIL() {
		return nil
	}
	c.expect('(')
	if c.peek() == ')' {
		c.defect("namespace-descr", "")
	}
	for c.peek() == '(' {
		c.pos++
		n := Namespace{Prefix: NewMailbox(c.str())}
		c.sp()
		n.Delimiter = c.delimiter()
		for c.more() {
			name := upper([]byte(c.str()))
			c.sp()
			v := c.node()
			n.Other = append(n.Other, Option{name, &v})
		}
		c.expect(')')
		list = append(list, n)
		c.noSP()
	}
	c.expect(')')
	return list
}
