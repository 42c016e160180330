package mailserver

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/mail"

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
	if err := m.AddUser(name, password, "Archive", "Drafts", "Sent", "Trash"); err != nil {
		return err
	}
	all, err := Sample()
	if err != nil {
		return err
	}
	for i, text := range all {
		parsed, err := mail.ReadMessage(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("reading sample mail: %w", err)
		}
		at, err := parsed.Header.Date()
		if err != nil {
			return fmt.Errorf("reading the date of sample mail: %w", err)
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
