package mailserver

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Mailboxes are the users and their mail: one set, served by both protocols.
type Mailboxes struct {
	imap *imapmemserver.Server

	mu        sync.Mutex
	users     map[string]*imapmemserver.User
	passwords map[string]string
	locked    map[string]bool // maildrops that a POP3 session has, RFC 1939 §4
}

// NewMailboxes makes a set without users.
func NewMailboxes() *Mailboxes {
	return &Mailboxes{
		imap:      imapmemserver.New(),
		users:     map[string]*imapmemserver.User{},
		passwords: map[string]string{},
		locked:    map[string]bool{},
	}
}

// AddUser adds a user with empty mailboxes; INBOX is always one of them.
func (m *Mailboxes) AddUser(name, password string, mailboxes ...string) error {
	u := imapmemserver.NewUser(name, password)
	for _, box := range append([]string{"INBOX"}, mailboxes...) {
		if err := u.Create(box, nil); err != nil {
			return fmt.Errorf("making mailbox %q of %s: %w", box, name, err)
		}
		if err := u.Subscribe(box); err != nil {
			return fmt.Errorf("subscribing %s to %q: %w", name, box, err)
		}
	}
	m.imap.AddUser(u)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[name], m.passwords[name] = u, password
	return nil
}

// Deliver puts a message, with CRLF line ends, into a user's mailbox.
func (m *Mailboxes) Deliver(user, mailbox string, message []byte, at time.Time, flags ...imap.Flag) error {
	m.mu.Lock()
	u := m.users[user]
	m.mu.Unlock()
	if u == nil {
		return fmt.Errorf("delivering to %q: there is no such user", user)
	}
	_, err := u.Append(mailbox, literal{bytes.NewReader(message)}, &imap.AppendOptions{Time: at, Flags: flags})
	return err
}

// literal is a message as the IMAP library wants it.
type literal struct{ *bytes.Reader }

// password is a user's password, and whether there is such a user.
func (m *Mailboxes) password(user string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.passwords[user]
	return p, ok
}

// lock takes the exclusive access that a POP3 session has to a maildrop.
func (m *Mailboxes) lock(user string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked[user] {
		return false
	}
	m.locked[user] = true
	return true
}

func (m *Mailboxes) unlock(user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.locked, user)
}
