package syntax

// SortArgs is SORT: RFC 5256, RFC 5267, RFC 5957.
type SortArgs struct {
	Sort []SortKey `json:"sort"`
	SearchArgs
}

// SortKey is one key to sort by.
type SortKey struct {
	Key     string `json:"key"` // upper case
	Reverse bool   `json:"reverse,omitempty"`
	Entry   string `json:"entry,omitempty"` // ANNOTATION: which one
	Type    string `json:"type,omitempty"`  // ANNOTATION: value.priv or value.shared
}

func (c *cursor) sortArgs() any {
	a := &SortArgs{Sort: []SortKey{}}
	c.sp()
	if c.word("RETURN") {
		c.sp()
		a.Return = c.resultOptions()
		c.sp()
	}
	outer := c.enter("sort-criteria")
	c.list(func() { a.Sort = append(a.Sort, c.sortKey()) })
	if len(a.Sort) == 0 {
		c.emptyList("sort-criterion")
	}
	c.leave(outer)
	c.sp()
	c.charsetAndKeys(&a.SearchArgs)
	return a
}

func (c *cursor) sortKey() (k SortKey) {
	if c.word("REVERSE") {
		k.Reverse = true
		c.sp()
	}
	begin := c.pos
	k.Key = c.name()
	if _, ok := SortKeys.Find(k.Key); !ok {
		c.defectAt(begin, "sort-key", "")
	}
	if k.Key == "ANNOTATION" { // RFC 5257 §4.9
		c.sp()
		k.Entry = c.astring()
		c.sp()
		k.Type = c.astring()
	}
	return k
}

// charsetAndKeys reads charset 1*(SP search-key).
func (c *cursor) charsetAndKeys(a *SearchArgs) {
	outer := c.enter("search-criteria")
	defer c.leave(outer)
	a.Keys = []SearchKey{}
	a.Charset = c.astring()
	c.sp()
	c.keys(a)
}

// ThreadArgs is THREAD: RFC 5256.
type ThreadArgs struct {
	Algorithm string `json:"algorithm"` // upper case
	SearchArgs
}

func (c *cursor) threadArgs() any {
	a := &ThreadArgs{}
	c.sp()
	a.Algorithm = c.name()
	c.sp()
	c.charsetAndKeys(&a.SearchArgs)
	return a
}

// Thread is messages in answer to one another: each of Numbers answers the one
// before it, and Replies all answer the last of them. A thread whose first
// message is missing has no Numbers. RFC 5256 §4.
type Thread struct {
	Numbers []uint32 `json:"numbers"`
	Replies []Thread `json:"replies,omitempty"`
}

// ThreadData is THREAD data.
type ThreadData struct {
	Threads []Thread `json:"threads"`
}

func (c *cursor) threadData() any {
	d := &ThreadData{Threads: []Thread{}}
	if !c.more() {
		return d
	}
	outer := c.enter("thread-list")
	for c.peek() == '(' {
		d.Threads = append(d.Threads, c.thread())
	}
	c.leave(outer)
	return d
}

// thread reads "(" (thread-members / thread-nested) ")".
func (c *cursor) thread() Thread {
	t := Thread{Numbers: []uint32{}}
	if !c.open() {
		return t
	}
	for class[c.peek()]&digitChar != 0 {
		t.Numbers = append(t.Numbers, c.nzNumber())
		if c.peek() != ')' {
			c.sp()
		}
	}
	for c.peek() == '(' {
		t.Replies = append(t.Replies, c.thread())
	}
	if len(t.Numbers) == 0 && len(t.Replies) == 0 {
		c.fail("nz-number")
	}
	if c.expect(')') {
		c.depth--
	}
	return t
}
