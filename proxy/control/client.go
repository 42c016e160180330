package control

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// DialOptions are for TCP.
type DialOptions struct {
	Token string
	Roots *x509.CertPool // what the endpoint's certificate is checked against, beyond loopback; nil: the system's
}

// Client is the other end of a Server.
type Client struct {
	http  *http.Client
	base  string
	token string
	where string

	health Health
}

// Dial reaches the endpoint at auto, unix:PATH or HOST:PORT, and looks whether
// a mailtap answers.
func Dial(ctx context.Context, address string, o DialOptions) (*Client, error) {
	path, err := socketPath(address)
	if err != nil {
		return nil, err
	}
	if address == Auto { // its place among the temporary files may be taken by others, who would show what they like
		if err := private(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("attaching to mailtap at %s: %w", path, err)
		}
	}
	c := &Client{base: "http://localhost", token: o.Token, where: address}
	transport := &http.Transport{Proxy: nil, DisableCompression: true}
	c.http = &http.Client{Transport: transport}
	if path != "" {
		c.where = "unix:" + path
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	} else if err := c.tcp(address, transport, o); err != nil {
		return nil, err
	}
	resp, err := c.get(ctx, "/healthz")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&c.health); err != nil {
		return nil, fmt.Errorf("attaching to %s, which answers as no mailtap does: %w", c.where, err)
	}
	return c, nil
}

func (c *Client) tcp(address string, transport *http.Transport, o DialOptions) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the control address %q is none; write auto, unix:PATH or HOST:PORT", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	c.base = "http://" + net.JoinHostPort(host, port)
	if !Loopback(host) {
		c.base = "https://" + net.JoinHostPort(host, port)
		transport.TLSClientConfig = &tls.Config{RootCAs: o.Roots}
	}
	return nil
}

// Close lets the connections go; streams end.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Where is the address that was dialled.
func (c *Client) Where() string { return c.where }

// Health is what mailtap said of itself when it was dialled.
func (c *Client) Health() Health { return c.health }

func (c *Client) get(ctx context.Context, path string) (*http.Response, error) {
	return c.do(ctx, http.MethodGet, path, "")
}

func (c *Client) do(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	said := strings.TrimPrefix(strings.TrimSpace(wire.Escape(bytes.TrimSpace(text))), "mailtap: ")
	return nil, fmt.Errorf("mailtap at %s: %s (%d)", c.where, said, resp.StatusCode)
}

// unreachable says what to do where nobody answers.
func (c *Client) unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no mailtap answers at %s; start one with mailtap proxy --control auto ROUTE, and attach as the same user: %w", c.where, err)
	}
	return fmt.Errorf("attaching to mailtap at %s: %w", c.where, err)
}

// Sessions is what GET /sessions says.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	resp, err := c.get(ctx, "/sessions")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list []Session
	for in := json.NewDecoder(resp.Body); ; {
		var one Session
		if err := in.Decode(&one); err == io.EOF {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the sessions of %s: %w", c.where, err)
		}
		list = append(list, one)
	}
}

// End ends a session.
func (c *Client) End(ctx context.Context, session string) error {
	resp, err := c.do(ctx, http.MethodDelete, "/sessions/"+url.PathEscape(session), "")
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Mark sets a mark on an event: text is the comment or event.MarkAlone, and ""
// takes the mark away. It reports whether the proxy keeps it in a capture.
func (c *Client) Mark(ctx context.Context, session string, seq int64, text string) (recorded bool, err error) {
	method, body := http.MethodPut, text
	switch text {
	case "":
		method = http.MethodDelete
	case event.MarkAlone:
		body = ""
	}
	resp, err := c.do(ctx, method, "/sessions/"+url.PathEscape(session)+"/marks/"+strconv.FormatInt(seq, 10), body)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	var m Marked
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		return false, fmt.Errorf("reading what %s says of a mark: %w", c.where, err)
	}
	return m.Recorded, nil
}

// Capture copies a session as pcapng to w: what is kept of it, and with follow
// what happens, until it ends.
func (c *Client) Capture(ctx context.Context, session string, w io.Writer, follow bool) error {
	path := "/sessions/" + url.PathEscape(session) + "/capture"
	if !follow {
		path += "?follow=0"
	}
	resp, err := c.get(ctx, path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("saving session %s of %s: %w", session, c.where, err)
	}
	return nil
}

// Batch is what a stream has: events in their order, and what was left out
// before them.
type Batch struct {
	Items   []wire.Item
	Dropped int64 // events
	Octets  int64 // of sessions, where those were asked for
}

// Stream is events as they happen.
type Stream struct {
	lines  chan line
	cancel context.CancelFunc
	err    error // why lines was closed
}

// maxLine bounds one line; none comes near it.
const maxLine = 16 << 20

// maxWaiting is how many events wait for Next. Beyond that the connection is
// left to fill, and the server drops, and counts.
const maxWaiting = 4096

// line is one of the stream: an item, or what was left out.
type line struct {
	item wire.Item
	lost dropping
}

// Events begins a stream: what is kept, then what happens. An empty filter is
// all. It ends with ctx, or Close.
func (c *Client) Events(ctx context.Context, filter string) (*Stream, error) {
	return c.stream(ctx, "/events?filter="+url.QueryEscape(filter))
}

// Items is Events with the octets between them.
func (c *Client) Items(ctx context.Context) (*Stream, error) {
	return c.stream(ctx, "/events?octets=1")
}

func (c *Client) stream(ctx context.Context, path string) (*Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	resp, err := c.get(ctx, path)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &Stream{lines: make(chan line, maxWaiting), cancel: cancel}
	go s.read(ctx, c.where, resp.Body)
	return s, nil
}

// Close ends the stream.
func (s *Stream) Close() { s.cancel() }

func (s *Stream) read(ctx context.Context, where string, body io.ReadCloser) {
	defer close(s.lines)
	defer body.Close()
	in := bufio.NewScanner(body)
	in.Buffer(make([]byte, 64<<10), maxLine)
	for in.Scan() {
		l, err := parseLine(in.Bytes())
		if err != nil {
			s.err = fmt.Errorf("reading the events of %s: %w", where, err)
			return
		}
		select {
		case s.lines <- l:
		case <-ctx.Done():
			s.err = ctx.Err()
			return
		}
	}
	switch err := in.Err(); {
	case err == nil:
		s.err = io.EOF
	case ctx.Err() != nil:
		s.err = ctx.Err()
	default:
		s.err = fmt.Errorf("mailtap at %s went away: %w", where, err)
	}
}

func parseLine(text []byte) (l line, err error) {
	if bytes.Contains(text[:min(len(text), 64)], []byte(`"octets":{`)) {
		var o octetsLine
		err = json.Unmarshal(text, &o)
		l.item = wire.Item{Session: o.Session, Octets: o.Octets}
		return l, err
	}
	e := &event.Event{}
	if err := json.Unmarshal(text, e); err != nil {
		return l, err
	}
	if e.Kind == KindDropped {
		var d dropped
		err = json.Unmarshal(text, &d)
		l.lost = dropping{d.Count, d.Octets}
		return l, err
	}
	l.item.Event = e
	if e.Context != nil {
		l.item.Session = e.Session
	}
	return l, nil
}

// Next waits for events and gives all there are. io.EOF says that the proxy has ended.
func (s *Stream) Next(ctx context.Context) (Batch, error) {
	var b Batch
	select {
	case l, ok := <-s.lines:
		if !ok {
			return b, s.err
		}
		b.add(l)
	case <-ctx.Done():
		return b, ctx.Err()
	}
	for {
		select {
		case l, ok := <-s.lines:
			if !ok {
				return b, nil // the next call says why
			}
			b.add(l)
		default:
			return b, nil
		}
	}
}

func (b *Batch) add(l line) {
	b.Dropped += l.lost.events
	b.Octets += l.lost.octets
	if l.item.Event != nil || l.item.Octets != nil {
		b.Items = append(b.Items, l.item)
	}
}
