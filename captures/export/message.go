package export

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/wire"
)

// Message is a message that went by, as far as it was seen. Its JSON form is
// a line of the index beside the files.
type Message struct {
	File      string    `json:"file,omitempty"`
	Session   string    `json:"session"`
	Event     string    `json:"id"` // SESSION:SEQ of what brought it, the last of these
	Time      time.Time `json:"time"`
	How       string    `json:"how"` // RETR, FETCH, APPEND
	User      string    `json:"user,omitempty"`
	Mailbox   string    `json:"mailbox,omitempty"`
	Validity  uint64    `json:"uidvalidity,omitempty"`
	UID       uint32    `json:"uid,omitempty"`
	Number    int64     `json:"number,omitempty"` // POP3's message-number
	Date      string    `json:"date,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	From      string    `json:"from,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
	Octets    int64     `json:"octets"`
	Complete  bool      `json:"complete"`
	Seen      string    `json:"seen,omitempty"` // what part of it, where that is not all

	text *text
	sum  [sha256.Size]byte
	date time.Time
}

// maxHeader is how much of a message is read to name it.
const maxHeader = 64 << 10

// read takes from the text what names the message.
func (m *Message) read() error {
	head, err := m.text.head(maxHeader)
	if err != nil {
		return err
	}
	for field := range fields(head) {
		name, value, _ := bytes.Cut(field, []byte(":"))
		decoded := wire.Escape([]byte(syntax.DecodeHeader(strings.TrimSpace(string(value)))))
		switch strings.ToLower(strings.TrimSpace(string(name))) {
		case "subject":
			first(&m.Subject, decoded)
		case "date":
			first(&m.Date, decoded)
		case "from":
			first(&m.From, decoded)
		case "message-id":
			first(&m.MessageID, decoded)
		}
	}
	m.Octets, m.date = m.text.size, m.Time
	if date, err := mail.ParseDate(m.Date); err == nil {
		m.date = date
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, m.text.reader()); err != nil {
		return err
	}
	hash.Sum(m.sum[:0])
	return nil
}

// first keeps the first field of a name, cut to what a file's index needs.
func first(to *string, value string) {
	const most = 1000
	if *to == "" {
		*to = strings.ToValidUTF8(value[:min(len(value), most)], "")
	}
}

// fields gives the fields of a message's header, unfolded.
func fields(head []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		var field []byte
		for line := range bytes.Lines(head) {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
				field = append(append(field, ' '), bytes.TrimLeft(line, " \t")...)
				continue
			}
			if len(field) > 0 && !yield(field) {
				return
			}
			if field = bytes.Clone(line); len(line) == 0 {
				return
			}
		}
		if len(field) > 0 {
			yield(field)
		}
	}
}

// place is where a message lies on its server: with it, two texts are of one
// message. "" where that is not known.
func (m *Message) place(server string) string {
	if m.UID == 0 || m.Validity == 0 {
		return ""
	}
	return fmt.Sprintf("%s\x00%s\x00%s\x00%d\x00%d", server, m.User, m.Mailbox, m.Validity, m.UID)
}

// messageOf is a message that e brought.
func messageOf(e *event.Event, how string) *Message {
	return &Message{Session: e.Session, Event: e.ID(), Time: e.Time, How: how, User: e.User, Mailbox: e.Mailbox}
}
