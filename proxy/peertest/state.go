package peertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Mailbox is what a server has in one mailbox of a user.
type Mailbox struct {
	Name     string
	Messages []Stored
}

// Stored is a message as the server has it.
type Stored struct {
	UID   uint32
	Hash  string // of its whole text
	Flags string // sorted, separated by a space; never \Recent
}

// State asks the server itself, over IMAP in the clear and read-only, what u's
// mailboxes hold: sorted by name and UID, so that two states can be compared.
func (s *Server) State(t testing.TB, u User) []Mailbox {
	t.Helper()
	state, err := s.state(u)
	if err != nil {
		t.Fatalf("reading the mailboxes of %s: %v", u.Name, err)
	}
	return state
}

func (s *Server) state(u User) ([]Mailbox, error) {
	c, err := imapclient.DialInsecure(Address(s.Ports.IMAP), nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.Login(u.Name, u.Password).Wait(); err != nil {
		return nil, err
	}
	listed, err := c.List("", "*", nil).Collect()
	if err != nil {
		return nil, err
	}
	var state []Mailbox
	for _, l := range listed {
		if slices.Contains(l.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(l.Attrs, imap.MailboxAttrNonExistent) {
			continue
		}
		stored, err := messages(c, l.Mailbox)
		if err != nil {
			return nil, fmt.Errorf("mailbox %s: %w", l.Mailbox, err)
		}
		state = append(state, Mailbox{Name: l.Mailbox, Messages: stored})
	}
	slices.SortFunc(state, func(a, b Mailbox) int { return strings.Compare(a.Name, b.Name) })
	return state, c.Logout().Wait()
}

func messages(c *imapclient.Client, mailbox string) ([]Stored, error) {
	selected, err := c.Select(mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil || selected.NumMessages == 0 {
		return nil, err
	}
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	body := &imap.FetchItemBodySection{Peek: true}
	fetched, err := c.Fetch(all, &imap.FetchOptions{UID: true, Flags: true, BodySection: []*imap.FetchItemBodySection{body}}).Collect()
	if err != nil {
		return nil, err
	}
	var stored []Stored
	for _, m := range fetched {
		var flags []string
		for _, f := range m.Flags {
			if f != `\Recent` {
				flags = append(flags, string(f))
			}
		}
		slices.Sort(flags)
		stored = append(stored, Stored{uint32(m.UID), Hash(m.FindBodySection(body)), strings.Join(flags, " ")})
	}
	slices.SortFunc(stored, func(a, b Stored) int { return int(a.UID) - int(b.UID) })
	return stored, nil
}

// Differ says in what two states differ first, or "".
func Differ(a, b []Mailbox) string {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i].Name != b[i].Name {
			return fmt.Sprintf("mailboxes %v and %v", names(a), names(b))
		}
		for j := range max(len(a[i].Messages), len(b[i].Messages)) {
			if j >= len(a[i].Messages) || j >= len(b[i].Messages) {
				return fmt.Sprintf("%s has %d and %d messages", a[i].Name, len(a[i].Messages), len(b[i].Messages))
			}
			if a[i].Messages[j] != b[i].Messages[j] {
				return fmt.Sprintf("%s: %+v and %+v", a[i].Name, a[i].Messages[j], b[i].Messages[j])
			}
		}
	}
	return ""
}

func names(state []Mailbox) []string {
	var names []string
	for _, m := range state {
		names = append(names, m.Name)
	}
	return names
}
