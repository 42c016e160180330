package syntax

// NotifyArgs is NOTIFY: RFC 5465 §3.
type NotifyArgs struct {
	Status bool          `json:"status,omitempty"` // tell where the mailboxes stand, at once
	None   bool          `json:"none,omitempty"`   // NOTIFY NONE
	Groups []NotifyGroup `json:"groups,omitempty"`
}

// NotifyGroup is mailboxes, and the events in them that the client wants.
type NotifyGroup struct {
	Mailboxes Option        `json:"mailboxes"` // SELECTED, PERSONAL, SUBTREE ("a" "b")
	Events    []NotifyEvent `json:"events"`    // empty: NONE
}

// NotifyEvent is an event, as written, and for MessageNew what to fetch of the message.
type NotifyEvent struct {
	Name  string      `json:"name"`
	Fetch []FetchItem `json:"fetch,omitempty"`
}

func (c *cursor) notifyArgs() any {
	a := &NotifyArgs{}
	c.sp()
	if c.word("NONE") {
		a.None = true
		return a
	}
	if !c.word("SET") {
		c.fail(`"SET" or "NONE"`)
		return a
	}
	if c.peek() == ' ' && c.peekAt(1) != '(' {
		c.sp()
		if a.Status = c.word("STATUS"); !a.Status {
			c.fail(`"STATUS" or "("`)
		}
	}
	outer := c.enter("event-groups")
	for c.more() {
		a.Groups = append(a.Groups, c.eventGroup())
	}
	if len(a.Groups) == 0 {
		c.fail("event-group")
	}
	c.leave(outer)
	return a
}

// eventGroup reads "(" filter-mailboxes SP events ")".
func (c *cursor) eventGroup() (g NotifyGroup) {
	outer := c.enter("event-group")
	defer c.leave(outer)
	c.expect('(')
	g.Mailboxes = c.mailboxFilter()
	c.sp()
	g.Events = []NotifyEvent{}
	event := func() {
		if e := c.notifyEvent(); e.Name != "" {
			g.Events = append(g.Events, e)
		}
	}
	switch {
	case c.word("NONE"):
	case c.peek() == '(':
		c.list(event)
		if len(g.Events) == 0 {
			c.emptyList("event")
		}
	default: // RFC 5465 leaves the parentheses out in some examples
		c.defect(`"("`, "")
		for event(); c.more(); {
			event()
		}
	}
	c.expect(')')
	return g
}

// notifyEvent reads an event; those that are not known are for extensions.
func (c *cursor) notifyEvent() NotifyEvent {
	outer := c.enter("event")
	defer c.leave(outer)
	e := NotifyEvent{Name: c.atom()}
	if t, ok := NotifyEvents.Find(e.Name); ok {
		e.Name = t.Name
	}
	if c.peek() == ' ' && c.peekAt(1) == '(' {
		c.sp()
		e.Fetch = c.fetchItems()
	}
	return e
}

// mailboxFilter reads filter-mailboxes: a word, or a word and mailboxes.
func (c *cursor) mailboxFilter() Option {
	outer := c.enter("filter-mailboxes")
	defer c.leave(outer)
	begin := c.pos
	o := Option{Name: c.name()}
	switch o.Name {
	case "SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED":
	case "SUBTREE", "SUBTREE-ONE", "MAILBOXES":
		c.sp()
		n := c.node()
		o.Value = &n
	default:
		c.pos = begin
		c.fail("filter-mailboxes")
	}
	return o
}
