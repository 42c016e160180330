package pop3

import (
	"bytes"
	"strings"

	"mailtap/parse/wire"
)

// collector reads the lines of a block that is no message: entries for the
// event's data, up to a bound.
type collector struct {
	kind  string
	line  []byte
	over  bool // the line is longer than what is kept
	fault string

	listing Listing
	caps    Capabilities
	mechs   Mechanisms
	langs   Languages
	other   Lines
}

// maxEntries and maxEntry bound what is kept of a block.
const (
	maxEntries = 16 << 10
	maxEntry   = 1024
)

func (c *collector) start() {
	c.caps.Capabilities = []Entry{}
	c.mechs.Mechanisms = []string{}
	c.langs.Languages = []Language{}
}

// add takes text of the block, cut anywhere.
func (c *collector) add(data []byte) {
	for len(data) > 0 {
		i := bytes.IndexByte(data, '\n')
		part := data
		if i >= 0 {
			part = data[:i+1]
		}
		data = data[len(part):]
		if i >= 0 && len(c.line) == 0 && !c.over {
			c.entry(part)
			continue
		}
		room := min(maxEntry-len(c.line), len(part))
		c.line = append(c.line, part[:room]...)
		c.over = c.over || room < len(part)
		if i >= 0 {
			c.entry(c.line)
			c.line, c.over = c.line[:0], false
		}
	}
}

// entry takes one line, byte-stuffing undone.
func (c *collector) entry(line []byte) {
	text := trimEnd(line)
	if bytes.HasPrefix(text, []byte("..")) {
		text = text[1:]
	}
	switch c.kind {
	case "LIST":
		c.scan(text)
	case "UIDL":
		c.uid(text)
	case "CAPA":
		c.capability(text)
	case "AUTH":
		if len(c.mechs.Mechanisms) < maxEntries {
			c.mechs.Mechanisms = append(c.mechs.Mechanisms, strings.ToUpper(wire.Escape(bytes.TrimSpace(text))))
		}
	case "LANG":
		tag, name, _ := bytes.Cut(text, []byte(" "))
		if len(c.langs.Languages) < maxEntries {
			c.langs.Languages = append(c.langs.Languages, Language{Tag: wire.Escape(tag), Name: wire.Escape(name)})
		}
	default:
		c.other.Count++
		if len(c.other.Lines) < 64 {
			c.other.Lines = append(c.other.Lines, wire.Escape(text))
		}
	}
}

func (c *collector) keepFault(fault string) {
	if c.fault == "" {
		c.fault = fault
	}
}

// keep adds an entry to a listing.
func (c *collector) keep(s Scan) {
	c.listing.Count++
	if len(c.listing.List) >= maxEntries {
		c.listing.More = true
		return
	}
	c.listing.List = append(c.listing.List, s)
}

// scan reads a scan listing: number, size, and what a server may add (RFC 1939 §5).
func (c *collector) scan(text []byte) {
	n, size, ok := twoNumbers(bytes.Fields(text))
	if !ok {
		c.listing.Count++
		c.keepFault("in scan listing: expected two numbers, got " + quote(text))
		return
	}
	c.listing.Octets += size
	c.keep(Scan{Message: n, Octets: &size})
}

// uid reads a unique-id listing (RFC 1939 §7).
func (c *collector) uid(text []byte) {
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		c.listing.Count++
		c.keepFault("in unique-id listing: expected a number and a unique-id, got " + quote(text))
		return
	}
	n, ok := number(fields[0])
	if !ok {
		c.keepFault("in unique-id listing: expected a number, got " + quote(fields[0]))
	}
	if fault := uidFault(fields[1]); fault != "" {
		c.keepFault(fault)
	}
	c.keep(Scan{Message: n, UID: wire.Escape(fields[1])})
}

// capability reads a line of CAPA (RFC 2449 §5).
func (c *collector) capability(text []byte) {
	if len(c.caps.Capabilities) >= maxEntries {
		return
	}
	fields := strings.Fields(wire.Escape(text))
	if len(fields) == 0 {
		c.keepFault("in capability: expected a capability, got an empty line")
		return
	}
	c.caps.Capabilities = append(c.caps.Capabilities, Entry{Name: strings.ToUpper(fields[0]), Args: fields[1:]})
}

// data is what was collected.
func (c *collector) data() any {
	switch c.kind {
	case "LIST", "UIDL":
		return &c.listing
	case "CAPA":
		return &c.caps
	case "AUTH":
		return &c.mechs
	case "LANG":
		return &c.langs
	}
	return &c.other
}
