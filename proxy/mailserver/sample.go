package mailserver

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/mail"
	"time"

	"github.com/emersion/go-imap/v2"
)

// The sample messages, with LF line ends. No multipart among them is without
// parts: go-imap's memory server panics on the body structure of one.
//
//go:embed sample/*.eml
var sample embed.FS

// Sample is the sample mail, oldest first, as it goes over the wire.
func Sample() ([][]byte, error) {
	names, err := fs.Glob(sample, "sample/*.eml")
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, name := range names {
		text, err := sample.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading sample mail: %w", err)
		}
		all = append(all, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
	}
	return all, nil
}

// AddSampleUser adds a user who has the sample mail in INBOX, the oldest of it
// read, and the mailboxes that people usually have.
func (m *Mailboxes) AddSampleUser(name, password string) error {
	all, err := Sample()
	if err != nil {
		return err
	}
	return m.AddUserWith(name, password, all)
}

// AddUserWith is AddSampleUser with these messages.
func (m *Mailboxes) AddUserWith(name, password string, messages [][]byte) error {
	if err := m.AddUser(name, password, "Archive", "Drafts", "Sent", "Trash"); err != nil {
		return err
	}
	for i, text := range messages {
		at, err := date(text)
		if err != nil {
			return fmt.Errorf("delivering message %d to %s: %w", i+1, name, err)
		}
		var flags []imap.Flag
		if i == 0 {
			flags = []imap.Flag{imap.FlagSeen}
		}
		if err := m.Deliver(name, "INBOX", text, at, flags...); err != nil {
			return err
		}
	}
	return nil
}

// date is what a message says of when it was written.
func date(text []byte) (time.Time, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return time.Time{}, err
	}
	return parsed.Header.Date()
}
