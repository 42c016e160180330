package view

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"mailtap/parse/event"
)

// messages are the texts of messages in the octets of an event: IMAP literals,
// POP3's multi-line responses without their dots.
func messages(e *event.Event, data []byte) []mailText {
	if e.Context == nil {
		return nil
	}
	if e.Proto == event.POP3 {
		if e.For != "RETR" && e.For != "TOP" {
			return nil
		}
		_, text, _ := bytes.Cut(data, []byte("\n"))
		text = bytes.TrimSuffix(text, []byte(".\r\n"))
		if bytes.HasPrefix(text, []byte("..")) {
			text = text[1:]
		}
		return []mailText{{data: bytes.ReplaceAll(text, []byte("\n.."), []byte("\n."))}}
	}
	var found []mailText
	for {
		at := literal.FindSubmatchIndex(data)
		if at == nil {
			return found
		}
		n, err := strconv.Atoi(string(data[at[4]:at[5]]))
		rest := data[at[1]:]
		if err != nil || n > len(rest) {
			n = len(rest)
		}
		section := ""
		if at[2] >= 0 {
			section = strings.ToUpper(string(data[at[2]:at[3]]))
		}
		found = append(found, mailText{rest[:n], bare.MatchString(section)})
		data = rest[n:]
	}
}

// mailText is a message, or with bare set a part of one without its header.
type mailText struct {
	data []byte
	bare bool
}

var (
	literal = regexp.MustCompile(`(?:\[([^\]\r\n]{0,200})\](?:<\d+>)? )?~?\{(\d{1,9})\+?\}\r?\n`)
	bare    = regexp.MustCompile(`^(?:[\d.]+|TEXT|[\d.]+\.TEXT)$`)
)

const (
	mostDepth = 8   // multiparts inside multiparts
	mostParts = 200 // of one multipart
)

// decoded is a message as people read it: its header's encoded words and its
// text parts decoded, what is no text named. It never fails: what cannot be
// decoded is given as it is.
func (t mailText) decoded() []string {
	if t.bare {
		return lines(t.data)
	}
	return part(t.data, 0)
}

func part(data []byte, depth int) []string {
	fields, body := header(data)
	var out []string
	for _, f := range fields {
		out = append(out, f.name+": "+f.value)
	}
	out = append(out, "")
	return append(out, content(fields, body, depth)...)
}

// field is one of a header's, unfolded and decoded; raw is it before that.
type field struct{ name, value, raw string }

// header splits a message into the fields of its header and its body. Where it
// has no header, all of it is body.
func header(data []byte) (fields []field, body []byte) {
	rest := data
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		text := strings.TrimRight(string(line), "\r")
		switch name, value, ok := strings.Cut(text, ":"); {
		case text == "":
			return finished(fields), after
		case (text[0] == ' ' || text[0] == '\t') && len(fields) > 0:
			fields[len(fields)-1].raw += " " + strings.TrimSpace(text)
		case ok && !strings.ContainsAny(name, " \t"):
			fields = append(fields, field{name: name, raw: strings.TrimSpace(value)})
		default: // no header (any more): the blank line was left out
			return finished(fields), rest
		}
		rest = after
	}
	return finished(fields), rest
}

// finished decodes the fields' values.
func finished(fields []field) []field {
	words := mime.WordDecoder{CharsetReader: inUTF8}
	for i := range fields {
		value, err := words.DecodeHeader(fields[i].raw)
		if err != nil {
			value = fields[i].raw
		}
		fields[i].value = value
	}
	return fields
}

func get(fields []field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return f.raw
		}
	}
	return ""
}

// content decodes a body by what its header says.
func content(fields []field, body []byte, depth int) []string {
	kind, params, err := mime.ParseMediaType(get(fields, "Content-Type"))
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" && depth < mostDepth {
		return parts(body, params["boundary"], depth)
	}
	plain, how := uncoded(body, get(fields, "Content-Transfer-Encoding"))
	switch {
	case kind == "message/rfc822" && depth < mostDepth:
		return part(plain, depth+1)
	case !strings.HasPrefix(kind, "text/"):
		return []string{fmt.Sprintf("[%s, %s%s]", kind, size(int64(len(plain)))+" octets", how)}
	}
	if r, err := inUTF8(params["charset"], bytes.NewReader(plain)); err == nil {
		if text, err := io.ReadAll(r); err == nil {
			plain = text
		}
	}
	return lines(plain)
}

// parts decodes a multipart's parts, a line of dashes before each.
func parts(body []byte, boundary string, depth int) []string {
	var out []string
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for i := 1; i <= mostParts; i++ {
		p, err := r.NextRawPart()
		if err != nil {
			break
		}
		data, _ := io.ReadAll(p)
		var fields []field
		for name, values := range p.Header {
			for _, v := range values {
				fields = append(fields, field{name: name, raw: v})
			}
		}
		kind := get(fields, "Content-Type")
		if kind == "" {
			kind = "text/plain"
		}
		out = append(out, fmt.Sprintf("---- part %d: %s", i, kind))
		out = append(out, content(fields, data, depth+1)...)
		out = append(out, "")
	}
	if out == nil {
		return lines(body)
	}
	return out
}

// uncoded undoes a transfer encoding. What could not be read behind a mistake
// is left away, and said.
func uncoded(body []byte, encoding string) (plain []byte, how string) {
	var r io.Reader
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(body))
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	default:
		return body, ""
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		if len(plain) == 0 {
			return body, ", not decoded: " + err.Error()
		}
		return append(plain, ("\n[" + err.Error() + "]")...), ", cut: " + err.Error()
	}
	return plain, ""
}

// inUTF8 reads text of a character set as UTF-8.
func inUTF8(charset string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "us-ascii":
		return r, nil
	}
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(r), nil
}

// lines are those of a text, without their ends.
func lines(text []byte) []string {
	return strings.Split(strings.ReplaceAll(strings.TrimRight(string(text), "\r\n"), "\r\n", "\n"), "\n")
}
