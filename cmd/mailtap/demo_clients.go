package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// popDevice is a device with a POP3 client, as mail programs work: it asks what
// the server can do, logs in, and lists what is there.
type popDevice struct {
	conn net.Conn
	text *textproto.Reader
}

func (s *stage) popDevice(ctx context.Context, name string) (*popDevice, error) {
	conn, err := s.dial(ctx, "pop3", name)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	d := &popDevice{conn: conn, text: textproto.NewReader(bufio.NewReader(conn))}
	if _, err := d.status(); err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

// status reads a single-line response.
func (d *popDevice) status() (string, error) {
	line, err := d.text.ReadLine()
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(line, "+OK") {
		return "", fmt.Errorf("the server says %q", line)
	}
	return line, nil
}

// say sends a command and reads its response; block says that a block follows.
func (d *popDevice) say(block bool, format string, args ...any) ([]string, error) {
	if _, err := fmt.Fprintf(d.conn, format+"\r\n", args...); err != nil {
		return nil, err
	}
	line, err := d.status()
	if err != nil || !block {
		return []string{line}, err
	}
	return d.text.ReadDotLines()
}

// takeAll logs in, downloads every message, deletes it, and quits.
func (d *popDevice) takeAll() (messages int, err error) {
	defer d.conn.Close()
	if err := d.login(); err != nil {
		return 0, err
	}
	list, err := d.say(true, "UIDL")
	if err != nil {
		return 0, err
	}
	for i := range list {
		if _, err := d.say(true, "RETR %d", i+1); err != nil {
			return i, err
		}
		if _, err := d.say(false, "DELE %d", i+1); err != nil {
			return i, err
		}
	}
	_, err = d.say(false, "QUIT")
	return len(list), err
}

func (d *popDevice) login() error {
	for _, step := range []struct {
		command string
		block   bool
	}{{"CAPA", true}, {"USER " + demoPOP3User, false}, {"PASS " + demoPassword, false}} {
		if _, err := d.say(step.block, "%s", step.command); err != nil {
			return err
		}
	}
	return nil
}

// imapDevice is a device with an IMAP client that has INBOX open.
type imapDevice struct {
	client *imapclient.Client
	flags  chan []imap.Flag // what the server tells unasked
	ctx    context.Context
}

func (s *stage) imapDevice(ctx context.Context, name string) (*imapDevice, error) {
	conn, err := s.dial(ctx, "imap", name)
	if err != nil {
		return nil, err
	}
	d := &imapDevice{flags: make(chan []imap.Flag, 16), ctx: ctx}
	d.client = imapclient.New(conn, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Fetch: d.told},
	})
	if err := d.open(); err != nil {
		d.client.Close()
		return nil, err
	}
	return d, nil
}

func (d *imapDevice) open() error {
	if err := d.client.WaitGreeting(); err != nil {
		return err
	}
	if err := d.client.Login(demoIMAPUser, demoPassword).Wait(); err != nil {
		return err
	}
	_, err := d.client.Select("INBOX", nil).Wait()
	return err
}

// told takes flags that the server tells without being asked.
func (d *imapDevice) told(m *imapclient.FetchMessageData) {
	data, err := m.Collect()
	if err != nil || len(data.Flags) == 0 {
		return
	}
	select {
	case d.flags <- data.Flags:
	default:
	}
}

// overview asks for what a list of messages shows.
func (d *imapDevice) overview() error {
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	return d.client.Fetch(all, &imap.FetchOptions{UID: true, Flags: true, RFC822Size: true}).Close()
}

// read asks for the whole of a message, as when it is opened.
func (d *imapDevice) read(number uint32) error {
	whole := &imap.FetchItemBodySection{Peek: true}
	return d.client.Fetch(imap.SeqSetNum(number), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{whole}}).Close()
}

// star sets the flags of a message that was read, and is shown with a star.
func (d *imapDevice) star(number uint32) error {
	set := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged}}
	return d.client.Store(imap.SeqSetNum(number), set, nil).Close()
}

// waitForFlags idles until the server tells of flags; meanwhile is done while it idles.
func (d *imapDevice) waitForFlags(meanwhile func() error) error {
	idle, err := d.client.Idle()
	if err != nil {
		return err
	}
	if err := meanwhile(); err != nil {
		idle.Close()
		return err
	}
	select {
	case <-d.flags:
	case <-d.ctx.Done():
		idle.Close()
		return d.ctx.Err()
	}
	if err := idle.Close(); err != nil {
		return err
	}
	return idle.Wait()
}

func (d *imapDevice) logout() error {
	defer d.client.Close()
	return d.client.Logout().Wait()
}
