package syntax

// SearchArgs is SEARCH, and the part of SORT, THREAD and ESEARCH that says
// what to look for: RFC 9051 §6.4.4, RFC 4731, RFC 9394.
type SearchArgs struct {
	In      []Option    `json:"in,omitempty"`    // ESEARCH: which mailboxes, RFC 7377
	Return  []Option    `json:"return,omitzero"` // result options; empty: ALL
	Charset string      `json:"charset,omitempty"`
	Keys    []SearchKey `json:"keys"` // all of them must match
}

// SearchKey is one search key, as a tree. Key is its name, upper case; "SET"
// is a set of sequence numbers, "AND" a parenthesized list.
type SearchKey struct {
	Key    string      `json:"key"`
	Field  string      `json:"field,omitempty"` // HEADER: the field's name; MODSEQ, ANNOTATION: the entry
	Type   string      `json:"type,omitempty"`  // MODSEQ: the entry's type
	Value  *string     `json:"value,omitempty"` // a string, a flag, or a date: 1994-02-01
	Number Num         `json:"number,omitzero"` // octets, seconds, a mod-sequence, an id
	Set    NumSet      `json:"set,omitzero"`
	Keys   []SearchKey `json:"keys,omitempty"` // AND, NOT, OR, FUZZY
}

// The search keys by what follows them.
var searchKeys = map[string]func(c *cursor, k *SearchKey){
	"ALL": nil, "ANSWERED": nil, "DELETED": nil, "DRAFT": nil, "FLAGGED": nil, "NEW": nil, "OLD": nil,
	"RECENT": nil, "SEEN": nil, "UNANSWERED": nil, "UNDELETED": nil, "UNDRAFT": nil, "UNFLAGGED": nil, "UNSEEN": nil,
	"SAVEDATESUPPORTED": nil,
	"BCC":               keyString, "BODY": keyString, "CC": keyString, "FROM": keyString, "SUBJECT": keyString,
	"TEXT": keyString, "TO": keyString, "X-GM-RAW": keyString, "X-GM-LABELS": keyLabel,
	"BEFORE": keyDate, "ON": keyDate, "SINCE": keyDate, "SENTBEFORE": keyDate, "SENTON": keyDate, "SENTSINCE": keyDate,
	"SAVEDBEFORE": keyDate, "SAVEDON": keyDate, "SAVEDSINCE": keyDate,
	"KEYWORD": keyFlag, "UNKEYWORD": keyFlag, "FILTER": keyAtom, "EMAILID": keyAtom, "THREADID": keyAtom,
	"LARGER": keyNumber, "SMALLER": keyNumber, "X-GM-MSGID": keyNumber, "X-GM-THRID": keyNumber,
	"OLDER": keyInterval, "YOUNGER": keyInterval,
	"HEADER": keyHeader, "UID": keySet, "MODSEQ": keyModSeq, "ANNOTATION": keyAnnotation,
	// Dovecot's.
	"MAILBOX": keyString, "X-GUID": keyString, "X-MAILBOX": keyString,
}

// These lead back to the table.
func init() {
	searchKeys["NOT"] = keyOne
	searchKeys["FUZZY"] = keyOne
	searchKeys["OR"] = keyTwo
	searchKeys["INTHREAD"] = keyInThread // Dovecot's
}

func keyString(c *cursor, k *SearchKey) { k.Value = c.spString() }

// spString reads SP astring.
func (c *cursor) spString() *string {
	c.sp()
	s := c.astring()
	return &s
}

func keyLabel(c *cursor, k *SearchKey) {
	c.sp()
	s := c.label()
	k.Value = &s
}

func keyDate(c *cursor, k *SearchKey) {
	c.sp()
	s := c.date()
	k.Value = &s
}

func keyFlag(c *cursor, k *SearchKey) {
	c.sp()
	begin := c.pos
	s := string(c.flag())
	if len(s) > 0 && s[0] == '\\' {
		c.defectAt(begin, "flag-keyword", "")
	}
	k.Value = &s
}

func keyAtom(c *cursor, k *SearchKey) {
	c.sp()
	s := c.atom()
	k.Value = &s
}

func keyNumber(c *cursor, k *SearchKey) {
	c.sp()
	k.Number = c.num()
}

func keyInterval(c *cursor, k *SearchKey) {
	c.sp()
	k.Number = Num{uint64(c.nzNumber()), !c.stopped}
}

func keyHeader(c *cursor, k *SearchKey) {
	c.sp()
	k.Field = c.astring()
	k.Value = c.spString()
}

func keySet(c *cursor, k *SearchKey) {
	c.sp()
	k.Set = c.sequenceSet()
}

// keyModSeq reads [SP entry-name SP entry-type-req] SP mod-sequence-valzer: RFC 7162 §3.1.5.
func keyModSeq(c *cursor, k *SearchKey) {
	c.sp()
	if c.peek() == '"' {
		k.Field = c.str()
		c.sp()
		begin := c.pos
		switch k.Type = c.name(); k.Type {
		case "ALL", "PRIV", "SHARED":
		default:
			c.defectAt(begin, `"all", "priv" or "shared"`, "")
		}
		c.sp()
	}
	k.Number = c.num()
}

// keyAnnotation reads entry-match SP att-search SP value: RFC 5257 §5.
func keyAnnotation(c *cursor, k *SearchKey) {
	c.sp()
	k.Field = intern(c.pattern())
	c.sp()
	k.Type = intern(c.pattern())
	c.sp()
	k.Value = c.optional()
}

// pattern reads list-char or a string.
func (c *cursor) pattern() []byte {
	if c.peek() == '"' || c.atLiteral() {
		b, _ := c.stringBytes()
		return b
	}
	b := c.span(listChar)
	if len(b) == 0 {
		c.fail("astring")
	}
	return b
}

func keyInThread(c *cursor, k *SearchKey) {
	c.sp()
	k.Type = c.name()
	c.sp()
	c.appendKey(&k.Keys)
}

func keyOne(c *cursor, k *SearchKey) {
	c.sp()
	c.appendKey(&k.Keys)
}

func keyTwo(c *cursor, k *SearchKey) {
	c.sp()
	c.appendKey(&k.Keys)
	c.sp()
	c.appendKey(&k.Keys)
}

// searchKey reads one search key.
func (c *cursor) searchKey() (k SearchKey) {
	outer := c.enter("search-key")
	defer c.leave(outer)
	if c.depth++; c.depth > maxDepth {
		c.fail("search keys that are not nested so deep")
		return k
	}
	switch p := c.peek(); {
	case p == '(':
		k.Key = "AND"
		c.list(func() { c.appendKey(&k.Keys) })
		if len(k.Keys) == 0 {
			c.fail("search-key")
		}
	case p == '*' || p == '$' || class[p]&digitChar != 0:
		k.Key = "SET"
		k.Set = c.sequenceSet()
	default:
		c.namedKey(&k)
	}
	c.depth--
	return k
}

func (c *cursor) namedKey(k *SearchKey) {
	begin := c.pos
	k.Key = c.name()
	read, ok := searchKeys[k.Key]
	if !ok && !c.stopped {
		c.pos = begin
		c.fail("a known search key")
	}
	if read != nil && ok {
		read(c, k)
	}
}

// searchArgs reads [search-return-opts] SP search-program.
func (c *cursor) searchArgs() any {
	a := &SearchArgs{}
	c.sp()
	if c.word("RETURN") {
		c.sp()
		a.Return = c.resultOptions()
		c.sp()
	}
	c.searchProgram(a)
	return a
}

// multiSearchArgs reads ESEARCH's arguments: RFC 7377 §2.
func (c *cursor) multiSearchArgs() any {
	a := &SearchArgs{}
	c.sp()
	if c.word("IN") {
		c.sp()
		a.In = c.sources()
		c.sp()
	}
	if c.word("RETURN") {
		c.sp()
		a.Return = c.resultOptions()
		c.sp()
	}
	c.searchProgram(a)
	return a
}

// sources reads "(" source-mbox [SP scope-options] ")": RFC 7377 §3, as NOTIFY's filters.
func (c *cursor) sources() (list []Option) {
	outer := c.enter("source-mbox")
	defer c.leave(outer)
	c.list(func() { list = append(list, c.mailboxFilter()) })
	return list
}

// resultOptions reads "(" [search-return-opt *(SP search-return-opt)] ")".
func (c *cursor) resultOptions() []Option {
	outer := c.enter("search-return-opt")
	defer c.leave(outer)
	list := []Option{}
	c.list(func() {
		o := Option{Name: c.name()}
		if o.Name == "PARTIAL" {
			c.sp()
			begin := c.pos
			c.partialRange()
			o.Value = &Node{Text: string(c.data[begin:c.pos])}
		} else {
			o = c.optionValue(o.Name)
		}
		list = append(list, o)
	})
	return list
}

// searchProgram reads ["CHARSET" SP charset SP] search-key *(SP search-key).
func (c *cursor) searchProgram(a *SearchArgs) {
	outer := c.enter("search-program")
	defer c.leave(outer)
	a.Keys = []SearchKey{}
	if c.word("CHARSET") {
		c.sp()
		a.Charset = c.astring()
		c.sp()
	}
	c.keys(a)
}

func (c *cursor) keys(a *SearchArgs) {
	c.appendKey(&a.Keys)
	for c.more() {
		c.appendKey(&a.Keys)
	}
}

// appendKey reads a search key, and keeps it where it has a name.
func (c *cursor) appendKey(list *[]SearchKey) {
	if k := c.searchKey(); k.Key != "" {
		*list = append(*list, k)
	}
}

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
			d.Tag = c.str()
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
		d.AddTo = c.positions()
	case "REMOVEFROM":
		d.RemoveFrom = c.positions()
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
