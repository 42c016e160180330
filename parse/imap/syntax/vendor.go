package syntax

import "github.com/emersion/go-imap/v2"

// GmailData is Gmail's FETCH items: X-GM-EXT-1.
type GmailData struct {
	MessageID string      `json:"msgid,omitempty"` // X-GM-MSGID, decimal: 64 bits
	ThreadID  string      `json:"thrid,omitempty"` // X-GM-THRID
	Labels    []imap.Flag `json:"labels,omitzero"` // X-GM-LABELS, decoded
}

func (c *cursor) gmailDatum(d *FetchData, name string) {
	if d.Gmail == nil {
		d.Gmail = &GmailData{}
	}
	switch name {
	case "X-GM-MSGID":
		d.Gmail.MessageID = c.num().String()
	case "X-GM-THRID":
		d.Gmail.ThreadID = c.num().String()
	case "X-GM-LABELS":
		d.Gmail.Labels = c.labels()
	}
}

// labels reads "(" [label *(SP label)] ")".
func (c *cursor) labels() []imap.Flag {
	outer := c.enter("x-gm-labels")
	defer c.leave(outer)
	list := []imap.Flag{}
	c.list(func() { list = append(list, imap.Flag(c.label())) })
	return list
}

// label reads a label: an astring in modified UTF-7, or "\" atom; decoded.
func (c *cursor) label() string {
	if c.peek() == '\\' {
		return string(c.flag())
	}
	return NewMailbox(c.astring()).Name
}

// PushArgs is XAPPLEPUSHSERVICE, the command and the response: names with
// their values, lists flattened.
type PushArgs struct {
	Params []Option `json:"params"`
}

func (c *cursor) pushArgs() any {
	a := &PushArgs{Params: []Option{}}
	for c.more() {
		o := Option{Name: c.astring()}
		c.sp()
		n := c.node()
		o.Value = &n
		a.Params = append(a.Params, o)
	}
	return a
}
