package syntax

import "strings"

// FetchArgs is FETCH: RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 9394.
type FetchArgs struct {
	Set          NumSet        `json:"set"`
	Macro        string        `json:"macro,omitempty"` // ALL, FAST, FULL
	Items        []FetchItem   `json:"items,omitempty"`
	ChangedSince Num           `json:"changedsince,omitzero"`
	Vanished     bool          `json:"vanished,omitempty"` // tell of expunged UIDs too
	Partial      *PartialRange `json:"partial,omitempty"`
	Other        []Option      `json:"other,omitempty"` // modifiers
}

// FetchItem is one item that FETCH asks for.
type FetchItem struct {
	Name    string   `json:"name"`              // FLAGS, UID, BODY.PEEK
	Section *Section `json:"section,omitempty"` // of those that have one
	Lazy    bool     `json:"lazy,omitempty"`    // PREVIEW (LAZY)
	Value   *Node    `json:"value,omitempty"`   // what else follows: ANNOTATION's entries
}

// Has reports whether the item name is asked for, by itself or in a macro.
func (a *FetchArgs) Has(name string) bool {
	for _, i := range a.Items {
		if i.Name == name {
			return true
		}
	}
	switch name {
	case "FLAGS", "INTERNALDATE", "RFC822.SIZE":
		return a.Macro != ""
	case "ENVELOPE":
		return a.Macro == "ALL" || a.Macro == "FULL"
	case "BODY":
		return a.Macro == "FULL"
	}
	return false
}

func (c *cursor) fetchArgs() any    { return c.fetch(false) }
func (c *cursor) uidFetchArgs() any { return c.fetch(true) }

func (c *cursor) fetch(uid bool) *FetchArgs {
	a := &FetchArgs{}
	c.sp()
	a.Set = c.sequenceSet()
	c.sp()
	outer := c.enter("fetch-att")
	defer c.leave(outer)
	switch {
	case c.word("ALL"):
		a.Macro = "ALL"
	case c.word("FAST"):
		a.Macro = "FAST"
	case c.word("FULL"):
		a.Macro = "FULL"
	case c.peek() == '(':
		a.Items = c.fetchItems()
		if len(a.Items) == 0 {
			c.emptyList("fetch-att")
		}
	default:
		if i := c.fetchItem(); i.Name != "" {
			a.Items = append(a.Items, i)
		}
	}
	if c.more() {
		begin := c.pos
		c.fetchModifiers(a)
		switch {
		case a.Vanished && !uid: // RFC 7162 §3.2.6
			c.defectAt(begin, "VANISHED in UID FETCH alone", "")
		case a.Vanished && !a.ChangedSince.Known:
			c.defectAt(begin, "CHANGEDSINCE beside VANISHED", "")
		}
	}
	return a
}

// fetchItems reads "(" fetch-att *(SP fetch-att) ")".
func (c *cursor) fetchItems() (list []FetchItem) {
	c.list(func() {
		if i := c.fetchItem(); i.Name != "" {
			list = append(list, i)
		}
	})
	return list
}

func (c *cursor) fetchModifiers(a *FetchArgs) {
	outer := c.enter("fetch-modifiers")
	defer c.leave(outer)
	c.list(func() {
		switch name := c.name(); name {
		case "CHANGEDSINCE":
			c.sp()
			a.ChangedSince = c.num()
		case "VANISHED":
			a.Vanished = true
		case "PARTIAL":
			c.sp()
			p := c.partialRange()
			a.Partial = &p
		default:
			a.Other = append(a.Other, c.optionValue(name))
		}
	})
}

func (c *cursor) fetchItem() (i FetchItem) {
	begin := c.pos
	i.Name = c.itemName()
	switch i.Name {
	case "BODY", "BODY.PEEK":
		if c.peek() != '[' && i.Name == "BODY" {
			return i
		}
		c.askedSection(&i, true)
	case "BINARY", "BINARY.PEEK":
		c.askedSection(&i, true)
	case "BINARY.SIZE":
		c.askedSection(&i, false)
	case "RFC822", "RFC822.HEADER", "RFC822.TEXT":
		i.Section = &Section{Item: i.Name}
	case "PREVIEW", "SNIPPET":
		c.lazy(&i)
	case "ANNOTATION", "BODYPARTSTRUCTURE", "AVAILABLECONVERSIONS":
		c.itemValue(&i)
	case "ALL", "FAST", "FULL":
		c.defectAt(begin, "fetch-att", "a macro in a list")
	default:
		c.knownItem(&i, begin)
	}
	return i
}

// knownItem lets items pass that a table has or that begin with X; others are
// a departure, and are read all the same.
func (c *cursor) knownItem(i *FetchItem, begin int) {
	_, ok := FetchItems.Find(i.Name)
	if !ok && !strings.HasPrefix(i.Name, "X-") && !c.stopped {
		c.defectAt(begin, "fetch-att", "")
	}
	if c.peek() == '[' {
		c.bracketed()
	}
}

// bracketed goes past [...] behind an item without a rule.
func (c *cursor) bracketed() {
	for !c.atEnd() && c.peek() != ']' {
		c.pos++
	}
	c.expect(']')
}

func (c *cursor) askedSection(i *FetchItem, partial bool) {
	s := c.section(i.Name)
	if partial {
		c.askedPartial(&s)
	}
	i.Section = &s
}

// lazy reads [SP "(" preview-mod ")"]: RFC 8970 §6.
func (c *cursor) lazy(i *FetchItem) {
	if c.peek() != ' ' || c.peekAt(1) != '(' {
		return
	}
	c.pos++
	c.list(func() {
		if c.word("LAZY") || c.word("LAZY=FORCE") {
			i.Lazy = true
		} else if !c.word("FUZZY") {
			c.fail(`"LAZY"`)
		}
	})
}

// itemValue reads a list, a section or both behind an item.
func (c *cursor) itemValue(i *FetchItem) {
	if c.peek() == '[' {
		s := c.section(i.Name)
		i.Section = &s
	}
	if c.peek() == ' ' && c.peekAt(1) == '(' {
		c.pos++
		n := c.node()
		i.Value = &n
	}
}
