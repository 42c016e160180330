package syntax

// SearchData is SEARCH and SORT data: RFC 3501 §7.2.5, RFC 7162 §3.1.5. SORT's
// are in their order.
type SearchData struct {
	Numbers []uint32 `json:"numbers"`
	ModSeq  uint64   `json:"modseq,omitempty"`
}

func (c *cursor) searchData() any {
	d := &SearchData{Numbers: []uint32{}}
	for c.more() {
		if c.peek() == '(' {
			c.pos++
			if !c.word("MODSEQ") {
				c.fail(`"MODSEQ"`)
			}
			c.sp()
			d.ModSeq = c.number64()
			c.expect(')')
			break
		}
		if n := c.nzNumber(); n != 0 {
			d.Numbers = append(d.Numbers, n)
		}
	}
	return d
}

// ESearchData is ESEARCH data: RFC 9051 §7.3.4, RFC 4731, 5267, 7377, 9394.
type ESearchData struct {
	Tag         string       `json:"tag,omitempty"` // of the command that it answers
	Mailbox     *Mailbox     `json:"mailbox,omitempty"`
	UIDValidity uint32       `json:"uidvalidity,omitempty"`
	UID         bool         `json:"uid,omitempty"` // the numbers are UIDs
	Min         Num          `json:"min,omitzero"`
	Max         Num          `json:"max,omitzero"`
	Count       Num          `json:"count,omitzero"`
	All         NumSet       `json:"all,omitzero"`
	ModSeq      uint64       `json:"modseq,omitempty"`
	Partial     *Partial     `json:"partial,omitempty"`
	AddTo       []AtPosition `json:"addto,omitempty"`
	RemoveFrom  []AtPosition `json:"removefrom,omitempty"`
	Relevancy   []uint32     `json:"relevancy,omitempty"`
	Other       []Option     `json:"other,omitempty"`
}

// Partial is a page of results: RFC 9394.
type Partial struct {
	PartialRange
	Set NumSet `json:"set,omitzero"` // none: NIL
}

// AtPosition is a change of a live result: RFC 5267 §4.3.
type AtPosition struct {
	Position uint32 `json:"position"`
	Set      NumSet `json:"set"`
}

func (c *cursor) esearchData() any {
	outer := c.enter("esearch-response")
	defer c.leave(outer)
	d := &ESearchData{}
	if c.peek() == ' ' && c.peekAt(1) == '(' {
		c.sp()
		c.correlator(d)
	}
	if c.peek() == ' ' && upperByte(c.peekAt(1)) == 'U' {
		pos := c.pos
		c.sp()
		if d.UID = c.word("UID"); !d.UID {
			c.pos = pos
		}
	}
	c.rule = "search-return-data"
	for c.more() {
		name := c.name()
		c.sp()
		c.searchReturnData(d, name)
	}
	return d
}

// correlator reads (TAG "a1" MAILBOX m UIDVALIDITY n).
func (c *cursor) correlator(d *ESearchData) {
	outer := c.enter("search-correlator")
	defer c.leave(outer)
	c.list(func() {
		switch {
		case c.word("TAG"):
			c.sp()
			if c.peek() != '"' && !c.atLiteral() {
				c.defect("string", "")
			}
			d.Tag = c.astring()
		case c.word("MAILBOX"):
			c.sp()
			m := c.mailbox()
			d.Mailbox = &m
		case c.word("UIDVALIDITY"):
			c.sp()
			d.UIDValidity = c.nzNumber()
		default:
			c.fail(`"TAG", "MAILBOX" or "UIDVALIDITY"`)
		}
	})
}

func (c *cursor) searchReturnData(d *ESearchData, name string) {
	switch name {
	case "MIN":
		d.Min = Num{uint64(c.nzNumber()), !c.stopped}
	case "MAX":
		d.Max = Num{uint64(c.nzNumber()), !c.stopped}
	case "COUNT":
		d.Count = c.num32()
	case "ALL":
		d.All = c.uidSet()
	case "MODSEQ":
		d.ModSeq = c.number64()
	case "PARTIAL":
		c.partialData(d)
	case "ADDTO":
		d.AddTo = append(d.AddTo, c.positions()...)
	case "REMOVEFROM":
		d.RemoveFrom = append(d.RemoveFrom, c.positions()...)
	case "RELEVANCY":
		c.list(func() { d.Relevancy = append(d.Relevancy, c.number()) })
	default:
		n := c.node()
		d.Other = append(d.Other, Option{name, &n})
	}
}

func (c *cursor) partialData(d *ESearchData) {
	d.Partial = &Partial{}
	c.expect('(')
	d.Partial.PartialRange = c.partialRange()
	c.sp()
	if !c.atNIL() {
		d.Partial.Set = c.uidSet()
	}
	c.expect(')')
}

func (c *cursor) positions() (list []AtPosition) {
	c.expect('(')
	for !c.atEnd() {
		p := AtPosition{Position: c.number()}
		c.sp()
		p.Set = c.uidSet()
		list = append(list, p)
		if c.peek() != ' ' {
			break
		}
		c.sp()
	}
	c.expect(')')
	return list
}

// CancelUpdateArgs is CANCELUPDATE: the tags of live searches: RFC 5267 §4.3.5.
type CancelUpdateArgs struct {
	Tags []string `json:"tags"`
}

func (c *cursor) cancelUpdateArgs() any {
	a := &CancelUpdateArgs{Tags: []string{}}
	c.sp()
	a.Tags = append(a.Tags, c.str())
	for c.more() {
		a.Tags = append(a.Tags, c.str())
	}
	return a
}
