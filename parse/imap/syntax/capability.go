package syntax

import "github.com/emersion/go-imap/v2"

// Capabilities is the list in a line: that of an untagged CAPABILITY response
// or of a response code CAPABILITY, as written. nil where r has none.
func Capabilities(r *Resp) []imap.Cap {
	switch d := r.Data.(type) {
	case *CapabilityData:
		return d.Capabilities
	case *Status:
		if args, ok := d.Args.(*CapabilityData); ok {
			return args.Capabilities
		}
	}
	return nil
}

// CapabilityData is what a server can do, as written: CAPABILITY, ENABLED, and
// the response code CAPABILITY. Names are case-insensitive.
type CapabilityData struct {
	Capabilities []imap.Cap `json:"capabilities"`
}

// Has reports whether the list has the capability name, in any case.
func (d *CapabilityData) Has(name string) bool {
	for _, have := range d.Capabilities {
		if equalNames(string(have), name) {
			return true
		}
	}
	return false
}

// capabilities reads *(SP capability) up to the end of the line or to "]".
func (c *cursor) capabilities() *CapabilityData {
	outer := c.enter("capability-data")
	defer c.leave(outer)
	d := &CapabilityData{Capabilities: []imap.Cap{}}
	for c.more() {
		if c.peek() == ']' {
			c.defect("capability", "")
			break
		}
		if c.peek() == '(' {
			c.defect("capability", "a list, as NAMESPACE gives")
			c.fail("capability")
		}
		if name := c.atom(); name != "" {
			d.Capabilities = append(d.Capabilities, imap.Cap(name))
		}
	}
	return d
}
