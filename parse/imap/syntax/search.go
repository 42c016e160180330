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
	"KEYWORD": keyFlag, "UNKEYWORD": keyFlag, "FILTER": keyAtom, "EMAILID": keyObjectID, "THREADID": keyObjectID,
	"LARGER": keyNumber, "SMALLER": keyNumber, "X-GM-MSGID": keyNumber, "X-GM-THRID": keyNumber,
	"OLDER": keyInterval, "YOUNGER": keyInterval,
	"HEADER": keyHeader, "UID": keySet, "UIDAFTER": keyUID, "UIDBEFORE": keyUID, "MODSEQ": keyModSeq, "ANNOTATION": keyAnnotation,
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

func keyObjectID(c *cursor, k *SearchKey) {
	c.sp()
	begin := c.pos
	s := c.atom()
	c.checkID(s, begin)
	k.Value = &s
}

// keyUID reads SP uniqueid: RFC 9738 §3.2.
func keyUID(c *cursor, k *SearchKey) { keyInterval(c, k) }

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
			c.emptyList("search-key")
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

// sources reads "(" source-mbox [SP "(" scope-options ")"] ")": RFC 7377 §4, as
// NOTIFY's filters. There are no scope options so far.
func (c *cursor) sources() (list []Option) {
	outer := c.enter("source-mbox")
	defer c.leave(outer)
	c.list(func() {
		if begin := c.pos; c.peek() == '(' && len(list) > 0 {
			c.options()
		} else if list = append(list, c.mailboxFilter()); list[len(list)-1].Name == "SELECTED-DELAYED" {
			c.defectAt(begin, `"selected"`, "")
		}
	})
	if len(list) == 0 {
		c.emptyList("source-mbox")
	}
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
