package syntax

import "github.com/emersion/go-imap/v2"

// SetArgs is UID EXPUNGE: RFC 4315.
type SetArgs struct {
	Set NumSet `json:"set"`
}

func (c *cursor) setArgs() any {
	c.sp()
	return &SetArgs{c.sequenceSet()}
}

// CopyArgs is COPY and MOVE: RFC 9051 §6.4.7, §6.4.8.
type CopyArgs struct {
	Set     NumSet  `json:"set"`
	Mailbox Mailbox `json:"mailbox"`
}

func (c *cursor) copyArgs() any {
	a := &CopyArgs{}
	c.sp()
	a.Set = c.sequenceSet()
	c.sp()
	a.Mailbox = c.mailbox()
	return a
}

// StoreArgs is STORE: RFC 9051 §6.4.6, RFC 7162 §3.1.3.
type StoreArgs struct {
	Set            NumSet      `json:"set"`
	UnchangedSince Num         `json:"unchangedsince,omitzero"`
	Item           string      `json:"item"`         // FLAGS, X-GM-LABELS, ANNOTATION
	Op             string      `json:"op,omitempty"` // "+", "-", or "": replace
	Silent         bool        `json:"silent,omitempty"`
	Flags          []imap.Flag `json:"flags,omitzero"` // or labels
	Annotations    *Node       `json:"annotations,omitempty"`
	Other          []Option    `json:"other,omitempty"` // modifiers
}

func (c *cursor) storeArgs() any {
	a := &StoreArgs{}
	c.sp()
	a.Set = c.sequenceSet()
	c.sp()
	if c.peek() == '(' {
		outer := c.enter("store-modifiers")
		c.list(func() { c.storeModifier(a) })
		c.leave(outer)
		c.sp()
	}
	outer := c.enter("store-att-flags")
	defer c.leave(outer)
	c.storeItem(a)
	c.sp()
	switch a.Item {
	case "FLAGS":
		a.Flags = c.flags()
	case "X-GM-LABELS":
		a.Flags = c.storeLabels()
	case "ANNOTATION":
		n := c.node()
		a.Annotations = &n
	}
	return a
}

func (c *cursor) storeModifier(a *StoreArgs) {
	if name := c.name(); name == "UNCHANGEDSINCE" {
		c.sp()
		a.UnchangedSince = c.num()
	} else {
		a.Other = append(a.Other, c.optionValue(name))
	}
}

// storeItem reads ["+" / "-"] "FLAGS" [".SILENT"], and Gmail's and RFC 5257's items.
func (c *cursor) storeItem(a *StoreArgs) {
	if p := c.peek(); p == '+' || p == '-' {
		a.Op = string(rune(p))
		c.pos++
	}
	for _, item := range []string{"FLAGS", "X-GM-LABELS", "ANNOTATION"} {
		a.Item = item
		if c.word(item + ".SILENT") {
			a.Silent = true
			return
		}
		if c.word(item) {
			return
		}
	}
	a.Item = ""
	c.fail(`"FLAGS"`)
}

// flags reads a flag-list, or flags without parentheses.
func (c *cursor) flags() []imap.Flag {
	if c.peek() == '(' {
		return c.newFlags()
	}
	begin := c.pos
	list := []imap.Flag{c.flag()}
	for c.more() {
		list = append(list, c.flag())
	}
	c.noRecent(begin, list)
	return list
}

func (c *cursor) storeLabels() []imap.Flag {
	if c.peek() == '(' {
		return c.labels()
	}
	list := []imap.Flag{imap.Flag(c.label())}
	for c.more() {
		list = append(list, imap.Flag(c.label()))
	}
	return list
}
