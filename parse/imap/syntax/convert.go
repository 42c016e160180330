package syntax

// ConvertArgs is CONVERT: RFC 5259 §6.
type ConvertArgs struct {
	Set    NumSet      `json:"set"`
	To     *string     `json:"to"`               // a media type; null: as the server sees fit
	Params *Node       `json:"params,omitempty"` // conversion parameters
	Items  []FetchItem `json:"items"`
}

func (c *cursor) convertArgs() any {
	a := &ConvertArgs{Items: []FetchItem{}}
	c.sp()
	a.Set = c.sequenceSet()
	c.sp()
	c.convertTarget(a)
	c.sp()
	outer := c.enter("convert-att")
	defer c.leave(outer)
	if c.peek() == '(' {
		a.Items = c.fetchItems()
	} else {
		a.Items = append(a.Items, c.fetchItem())
	}
	return a
}

// convertTarget reads "(" media-type [SP params] ")", or NIL as the type.
func (c *cursor) convertTarget(a *ConvertArgs) {
	outer := c.enter("convert-params")
	defer c.leave(outer)
	c.expect('(')
	a.To = c.optional()
	if c.more() {
		n := c.node()
		a.Params = &n
	}
	c.expect(')')
}

// ConversionsArgs is CONVERSIONS: from which media type, to which.
type ConversionsArgs struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (c *cursor) conversionsArgs() any {
	a := &ConversionsArgs{}
	c.sp()
	a.From = c.astring()
	c.sp()
	a.To = c.astring()
	return a
}

// ConversionData is CONVERSION data: a conversion that the server can do.
type ConversionData struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Params Tree   `json:"params,omitempty"`
}

func (c *cursor) conversionData() any {
	d := &ConversionData{}
	c.sp()
	d.From = c.str()
	c.sp()
	d.To = c.str()
	if c.more() {
		d.Params = c.tree()
	}
	return d
}

// ConvertedData is CONVERTED data: parts of a message, converted.
type ConvertedData struct {
	Seq   uint32 `json:"seq"`
	Tag   string `json:"tag,omitempty"` // of the command that it answers
	Items Tree   `json:"items"`         // as on the wire; literals by their size
}

func (c *cursor) convertedData(number uint32) any {
	d := &ConvertedData{Seq: number}
	c.sp()
	if c.peek() == '(' && equalFold(c.data[c.pos:min(c.pos+5, len(c.data))], "(TAG ") {
		c.pos++
		c.word("TAG")
		c.sp()
		d.Tag = c.str()
		c.expect(')')
		c.sp()
	}
	if c.word("UID") {
		c.sp()
	}
	d.Items = c.tree()
	return d
}

// UIDBatchesArgs is UIDBATCHES: how large, and which: RFC 10022.
type UIDBatchesArgs struct {
	Size  uint32        `json:"size"`
	Range *PartialRange `json:"range,omitempty"`
}

func (c *cursor) uidBatchesArgs() any {
	a := &UIDBatchesArgs{}
	c.sp()
	a.Size = c.nzNumber()
	if c.more() {
		r := c.partialRange()
		a.Range = &r
	}
	return a
}
