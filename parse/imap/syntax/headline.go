package syntax

import "bytes"

// Headline is what a message's header says of it, as on the wire: DecodeHeader
// gives it for people. It is read from the head of the text of a message that
// passes by; of the text itself there is the size alone.
type Headline struct {
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Subject   string `json:"subject,omitempty"`
	Date      string `json:"date,omitempty"`
	MessageID string `json:"message_id,omitempty"`
}

const (
	maxHeadline = 16 << 10 // octets of a header that are looked at
	maxField    = 1 << 10  // octets of a field that are kept
)

// headline reads the fields of a header up to its end; nil where none is there.
func headline(text []byte) *Headline {
	text = text[:min(len(text), maxHeadline)]
	var h *Headline
	for len(text) > 0 {
		var field []byte
		field, text = nextField(text)
		if len(field) == 0 {
			break
		}
		h = h.take(field)
	}
	return h
}

// nextField is a header field with its continuation lines; empty at the
// header's end.
func nextField(text []byte) (field, rest []byte) {
	end := 0
	for {
		i := bytes.IndexByte(text[end:], '\n')
		if i < 0 {
			return text, nil
		}
		end += i + 1
		if end == len(text) || text[end] != ' ' && text[end] != '\t' || len(trimCRLF(text[:end])) == 0 {
			return trimCRLF(text[:end]), text[end:]
		}
	}
}

func trimCRLF(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }

// take keeps the field if it is one of those wanted, and the first of its name.
func (h *Headline) take(field []byte) *Headline {
	i := bytes.IndexByte(field, ':')
	if i < 2 || i > len("Message-ID")+4 {
		return h
	}
	name := bytes.TrimRight(field[:i], " \t")
	var where func(h *Headline) *string
	switch {
	case equalFold(name, "FROM"):
		where = func(h *Headline) *string { return &h.From }
	case equalFold(name, "TO"):
		where = func(h *Headline) *string { return &h.To }
	case equalFold(name, "SUBJECT"):
		where = func(h *Headline) *string { return &h.Subject }
	case equalFold(name, "DATE"):
		where = func(h *Headline) *string { return &h.Date }
	case equalFold(name, "MESSAGE-ID"):
		where = func(h *Headline) *string { return &h.MessageID }
	default:
		return h
	}
	if h == nil {
		h = &Headline{}
	}
	if to := where(h); *to == "" {
		*to = unfolded(field[i+1:])
	}
	return h
}

// unfolded is a field's value without its line ends: RFC 5322 §2.2.3.
func unfolded(value []byte) string {
	value = bytes.TrimSpace(value)
	value = value[:min(len(value), maxField)]
	if bytes.IndexByte(value, '\n') < 0 {
		return string(value)
	}
	value = bytes.ReplaceAll(value, []byte("\r"), nil)
	return string(bytes.ReplaceAll(value, []byte("\n"), nil))
}

// hasHeader reports whether the text of a section begins with the header of
// the message itself.
func (s *Section) hasHeader() bool {
	if s.Part != "" || s.Offset.Known && s.Offset.N > 0 {
		return false
	}
	switch s.Item {
	case "RFC822", "RFC822.HEADER":
		return true
	case "BODY":
		return s.Text == "" || s.Text == "HEADER" || s.Text == "HEADER.FIELDS" || s.Text == "HEADER.FIELDS.NOT"
	case "BINARY":
		return s.Text == ""
	}
	return false
}
