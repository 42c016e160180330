package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mailtap/parse/event"
)

// MailOptions say which messages are written.
type MailOptions struct {
	Accept func(*event.Event) bool // of the events that brought them; nil is all
}

// MailResult is what EML or Mbox wrote.
type MailResult struct {
	Messages   int
	Incomplete int // of these
	Again      int // went by more than once, and were written once
	Headers    int // of which nothing but header fields went by: not written
}

// IndexName is the file beside the messages that EML writes: a line of JSON
// for each of them.
const IndexName = "messages.jsonl"

// EML writes each message that went by to a file of its own in folder, which
// is made: the octets that went by, byte-stuffing undone and nothing added.
// What is not all of a message is called "... (incomplete).eml"; which part of
// it was seen stands in the index. A file that exists is never overwritten.
func EML(source Source, folder string, o MailOptions) (MailResult, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return MailResult{}, fmt.Errorf("exporting: %w", err)
	}
	index, err := os.OpenFile(filepath.Join(folder, IndexName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return MailResult{}, fmt.Errorf("exporting: %w", err)
	}
	lines := json.NewEncoder(index)
	lines.SetEscapeHTML(false)
	result, err := messages(source, folder, o, func(m *Message) error {
		f, err := createNamed(folder, m)
		if err != nil {
			return fmt.Errorf("exporting: %w", err)
		}
		_, err = io.Copy(f, m.text.reader())
		return errors.Join(err, f.Close(), lines.Encode(m))
	})
	return result, errors.Join(err, index.Close())
}

// Mbox writes each message that went by to w as mboxrd: lines end in LF, and
// one that begins with "From ", or that behind ">", gets a ">" before it. What
// is not all of a message says so in a field X-Mailtap-Seen. folder is where
// the temporary file is made; "" is the system's.
func Mbox(source Source, w io.Writer, folder string, o MailOptions) (MailResult, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	result, err := messages(source, folder, o, func(m *Message) error { return writeMbox(out, m) })
	return result, errors.Join(err, out.Flush())
}

// messages hands each message to write, once: those that are incomplete in
// the end, if nothing more of them came.
func messages(source Source, folder string, o MailOptions, write func(*Message) error) (result MailResult, err error) {
	s, err := newSpool(folder)
	if err != nil {
		return result, fmt.Errorf("exporting: %w", err)
	}
	c := &collector{result: &result, write: write, seen: map[string]bool{}, late: map[string]*Message{}}
	g := &gatherer{spool: s, accept: o.Accept, emit: c.message, sessions: map[string]*mailSession{}}
	err = source.Walk(g.item)
	for id := range g.sessions {
		err = errors.Join(err, g.close(id))
	}
	err = errors.Join(err, c.finish(), s.close())
	result.Headers = g.headers
	return result, err
}

// collector leaves out what went by more than once.
type collector struct {
	result *MailResult
	write  func(*Message) error
	seen   map[string]bool // what complete messages are known by
	late   map[string]*Message
	order  []string // of late
}

// names are what a message is known by: where it lies, and what it is.
func names(m *Message, server string) []string {
	all := []string{"sum\x00" + string(m.sum[:])}
	if place := m.place(server); place != "" {
		all = append(all, "place\x00"+place)
	}
	return all
}

func (c *collector) message(m *Message, server string) error {
	if err := m.read(); err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	all := names(m, server)
	for _, name := range all {
		if c.seen[name] {
			c.result.Again++
			m.text.drop()
			return nil
		}
	}
	if !m.Complete {
		c.wait(m, server)
		return nil
	}
	for _, name := range all {
		c.seen[name] = true
	}
	if m.MessageID != "" {
		c.seen["id\x00"+m.MessageID] = true
	}
	return c.put(m)
}

// wait keeps an incomplete message: more of it may come. Of two the longer one stays.
func (c *collector) wait(m *Message, server string) {
	key := m.place(server)
	if key == "" && m.MessageID != "" {
		key = "id\x00" + m.MessageID
	}
	if key == "" {
		key = "sum\x00" + string(m.sum[:])
	}
	before := c.late[key]
	if before == nil {
		c.order = append(c.order, key)
	} else {
		c.result.Again++
		if before.Octets >= m.Octets {
			m.text.drop()
			return
		}
		before.text.drop()
	}
	c.late[key] = m
}

func (c *collector) put(m *Message) error {
	c.result.Messages++
	err := c.write(m)
	m.text.drop()
	return err
}

// finish writes the messages that stayed incomplete.
func (c *collector) finish() error {
	for _, key := range c.order {
		m := c.late[key]
		if c.seen["place\x00"+key] || m.MessageID != "" && c.seen["id\x00"+m.MessageID] {
			c.result.Again++
			m.text.drop()
			continue
		}
		c.result.Incomplete++
		if err := c.put(m); err != nil {
			return err
		}
	}
	return nil
}

// createNamed makes the file of m, and says its name in m.
func createNamed(folder string, m *Message) (*os.File, error) {
	base, end := fileName(m), ".eml"
	if !m.Complete {
		end = " (incomplete).eml"
	}
	for n := 1; ; n++ {
		m.File = base + end
		if n > 1 {
			m.File = fmt.Sprintf("%s (%d)%s", base, n, end)
		}
		f, err := os.OpenFile(filepath.Join(folder, m.File), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}

// maxName is how long the subject's part of a file's name is, in octets.
const maxName = 100

// fileName is a name made of date and subject. It begins with the date, so
// that no subject makes it hidden, an option or a name that a system keeps for
// itself; of the subject there is what any file system takes.
func fileName(m *Message) string {
	var b strings.Builder
	blank := true
	for _, r := range m.Subject {
		switch {
		case strings.ContainsRune(`/\:*?"<>|%`+"`$'", r) || unicode.IsControl(r) || r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r):
			r = '_'
		case unicode.IsSpace(r):
			r = ' '
		}
		if r == ' ' && blank {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > maxName {
			break
		}
		blank = r == ' '
		b.WriteRune(r)
	}
	subject := strings.Trim(b.String(), " ._")
	if subject == "" {
		subject = "no subject"
	}
	return m.date.UTC().Format("2006-01-02T150405Z") + " " + subject
}

// writeMbox appends m to an mbox file.
func writeMbox(out *bufio.Writer, m *Message) error {
	sender := "MAILER-DAEMON"
	if i, j := strings.LastIndexByte(m.From, '<'), strings.LastIndexByte(m.From, '>'); i >= 0 && i < j {
		sender = m.From[i+1 : j]
	} else if strings.Contains(m.From, "@") {
		sender = m.From
	}
	if sender == "" || strings.ContainsAny(sender, " \t\\") {
		sender = "MAILER-DAEMON"
	}
	fmt.Fprintf(out, "From %s %s\n", sender, m.date.UTC().Format(time.ANSIC))
	if !m.Complete {
		fmt.Fprintf(out, "X-Mailtap-Seen: %s\n", m.Seen)
	}
	last, err := mboxLines(out, m.text.reader())
	if last != '\n' {
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
	return err
}

// mboxLines writes lines of any length with LF at their ends, quoted where
// they have to be, and gives the last octet.
func mboxLines(out *bufio.Writer, r io.Reader) (last byte, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for start := true; ; {
		piece, err := in.ReadSlice('\n')
		if start && bytes.HasPrefix(bytes.TrimLeft(piece, ">"), []byte("From ")) {
			out.WriteByte('>')
		}
		start = err == nil
		if start && bytes.HasSuffix(piece, crlf) {
			piece = append(piece[:len(piece)-2], '\n')
		}
		if len(piece) > 0 {
			last = piece[len(piece)-1]
			out.Write(piece)
		}
		switch {
		case err == io.EOF:
			return last, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return last, err
		}
	}
}
