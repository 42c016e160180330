package mailserver

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
)

// maildrop is INBOX as a POP3 session sees it: the messages that were there at
// login, RFC 1939 §4. It looks through IMAP, over a pipe, so that the mailbox
// is the same one and other sessions are told what POP3 removes.
type maildrop struct {
	client   *imapclient.Client
	server   *imapserver.Server
	messages []*message // message-number minus one
}

type message struct {
	uid     imap.UID
	id      string // unique-id, RFC 1939 §7
	size    int64
	deleted bool
}

// errGone says that another session removed the message meanwhile.
var errGone = errors.New("the message was removed by another session")

// openMaildrop logs in and lists the messages.
func (m *Mailboxes) openMaildrop(user, password string, o Options) (*maildrop, error) {
	d := &maildrop{server: imapserver.New(m.imapOptions(Options{Log: o.Log}, true))}
	ours, theirs := net.Pipe()
	pipe := &pipeListener{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	pipe.conn <- theirs
	go d.server.Serve(pipe) //nolint:errcheck // a pipe's Accept fails when it is closed, and only then
	d.client = imapclient.New(ours, nil)
	if err := d.list(user, password); err != nil {
		d.close()
		return nil, fmt.Errorf("opening the maildrop of %s: %w", user, err)
	}
	return d, nil
}

func (d *maildrop) list(user, password string) error {
	if err := d.client.Login(user, password).Wait(); err != nil {
		return err
	}
	box, err := d.client.Select("INBOX", nil).Wait()
	if err != nil || box.NumMessages == 0 {
		return err
	}
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	found, err := d.client.Fetch(all, &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil {
		return err
	}
	for _, f := range found {
		id := fmt.Sprintf("%08x%08x", box.UIDValidity, uint32(f.UID))
		d.messages = append(d.messages, &message{uid: f.UID, id: id, size: f.RFC822Size})
	}
	return nil
}

// get is a message, or nil where there is none of that number or it is deleted.
func (d *maildrop) get(number int) *message {
	if number < 1 || number > len(d.messages) || d.messages[number-1].deleted {
		return nil
	}
	return d.messages[number-1]
}

// count is how many messages there are, and their octets, without deleted ones.
func (d *maildrop) count() (n int, size int64) {
	for _, m := range d.messages {
		if !m.deleted {
			n++
			size += m.size
		}
	}
	return n, size
}

// text is a message's text. It is not marked as seen: POP3 has no flags.
func (d *maildrop) text(m *message) ([]byte, error) {
	whole := &imap.FetchItemBodySection{Peek: true}
	found, err := d.client.Fetch(imap.UIDSetNum(m.uid), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{whole}}).Collect()
	if err != nil {
		return nil, fmt.Errorf("fetching message %s: %w", m.id, err)
	}
	if len(found) == 0 {
		return nil, errGone
	}
	return found[0].FindBodySection(whole), nil
}

// update removes what was deleted: the UPDATE state, RFC 1939 §6.
func (d *maildrop) update() error {
	var uids imap.UIDSet
	for _, m := range d.messages {
		if m.deleted {
			uids.AddNum(m.uid)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := d.client.Store(uids, deleted, nil).Close(); err != nil {
		return fmt.Errorf("marking messages as deleted: %w", err)
	}
	if err := d.client.UIDExpunge(uids).Close(); err != nil {
		return fmt.Errorf("removing messages: %w", err)
	}
	return nil
}

func (d *maildrop) close() {
	d.client.Close()
	d.server.Close()
}

// pipeListener accepts one connection, which is there already.
type pipeListener struct {
	conn   chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.conn:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
