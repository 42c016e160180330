package pop3

import (
	"bytes"
	"io"
	"mime"
	"strings"

	"golang.org/x/text/encoding/ianaindex"

	"mailtap/parse/wire"
)

// header watches the header of a message go by, and keeps its head.
type header struct {
	head      []byte
	line      int  // octets of the line so far, CR not counted
	over      bool // longer than what is kept
	announced *int64
}

// maxHead is how much of a header is kept for parsing.
const maxHead = 64 << 10

// add takes message text up to the empty line that ends the header, and says
// how much that was and whether the line was in it.
func (h *header) add(data []byte) (n int, done bool) {
	for n < len(data) {
		i := bytes.IndexByte(data[n:], '\n')
		if i < 0 {
			h.line += len(bytes.TrimRight(data[n:], "\r"))
			n = len(data)
			break
		}
		empty := h.line == 0 && len(bytes.TrimRight(data[n:n+i], "\r")) == 0
		h.line = 0
		n += i + 1
		if empty {
			done = true
			break
		}
	}
	room := min(maxHead-len(h.head), n)
	h.head = append(h.head, data[:room]...)
	h.over = h.over || room < n
	return n, done
}

// message is what the header tells.
func (h *header) message(number, octets int64) *Message {
	m := &Message{Message: number, Octets: octets, Announced: h.announced, Truncated: h.over}
	for name, value := range fields(h.head) {
		var to *string
		switch strings.ToLower(name) {
		case "from":
			to = &m.From
		case "subject":
			to = &m.Subject
		case "date":
			to = &m.Date
		case "message-id":
			to = &m.MessageID
		}
		if to != nil && *to == "" {
			*to = decodeWords(value)
		}
	}
	return m
}

// fields gives the fields of a header, unfolded (RFC 5322 §2.2).
func fields(head []byte) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		name, value := "", []byte(nil)
		for raw := range bytes.Lines(head) {
			text := trimEnd(raw)
			if len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
				value = append(append(value, ' '), bytes.TrimLeft(text, " \t")...)
				continue
			}
			if name != "" && !yield(name, string(value)) {
				return
			}
			before, after, ok := bytes.Cut(text, []byte(":"))
			name = ""
			if ok && len(before) < 128 {
				name, value = string(bytes.TrimRight(before, " \t")), append([]byte(nil), bytes.TrimSpace(after)...)
			}
		}
		if name != "" {
			yield(name, string(value))
		}
	}
}

// maxField bounds a field's value in an event.
const maxField = 512

var words = mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
	enc, err := ianaindex.MIME.Encoding(charset)
	if err != nil || enc == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return enc.NewDecoder().Reader(input), nil
}}

// decodeWords undoes encoded words (RFC 2047), as event text.
func decodeWords(value string) string {
	if len(value) > 4*maxField {
		value = value[:4*maxField]
	}
	if text, err := words.DecodeHeader(value); err == nil {
		value = text
	}
	text := wire.Escape([]byte(value))
	if len(text) > maxField {
		text = strings.ToValidUTF8(text[:maxField], "") + "…"
	}
	return text
}
