package replay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/route"
)

// caller is one client of a Server.
type caller struct {
	*Server
	*live
	*script
	conn   net.Conn
	local  net.Addr
	in     *bufio.Reader
	secure bool
	user   string // POP3: of USER
	logged bool
	asks   int // commands so far

	wmu sync.Mutex // what comes in IDLE is sent beside
}

// handshakeLimit is how long a client may take for TLS.
const handshakeLimit = 30 * time.Second

// run serves the client to its end, and says who ended the session, and why.
func (c *caller) run(ctx context.Context) (event.Side, string) {
	if c.Listen.Mode == route.Implicit {
		if err := c.shake(ctx); err != nil {
			return event.SideClient, err.Error()
		}
	}
	c.in = bufio.NewReaderSize(c.conn, 64<<10)
	if err := c.greet(); err != nil {
		return event.SideClient, err.Error()
	}
	for {
		msg, err := c.message()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return event.SideClient, ""
			}
			return event.SideClient, err.Error()
		}
		if err := c.answer(ctx, msg); err != nil {
			if errors.Is(err, errOver) {
				return event.SideServer, ""
			}
			return event.SideClient, err.Error()
		}
	}
}

func (c *caller) pop() bool { return c.script.proto == event.POP3 }

// terms are what is offered now.
func (c *caller) terms() *terms {
	t := &terms{proto: c.script.proto, upgrade: c.Listen.Mode != route.Implicit && !c.secure, required: c.Listen.Mode == route.StartTLS, in: c.logged}
	if c.Checked {
		t.more = []string{"SCRAM-SHA-256", "CRAM-MD5"}
	}
	return t
}

// say tells of what is sent, then sends it.
func (c *caller) say(data []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.feed(event.SideServer, data)
	_, err := c.conn.Write(data)
	return err
}

// greet sends the recorded greeting. One that lets in without a login does so
// again; APOP's timestamp is left out, since the digest cannot be answered.
func (c *caller) greet() error {
	g := c.greeting
	switch {
	case g == nil && c.pop():
		return c.say([]byte("+OK mailtap replay\r\n"))
	case g == nil:
		return c.say([]byte("* OK mailtap replay\r\n"))
	case c.pop():
		return c.say(withoutTimestamp(g.Data))
	}
	c.logged = g.Status == "PREAUTH"
	return c.say(c.terms().rewritten(g.Data))
}

func withoutTimestamp(line []byte) []byte {
	from, to := bytes.IndexByte(line, '<'), bytes.LastIndexByte(line, '>')
	if from < 0 || to < from {
		return line
	}
	return append(bytes.TrimRight(line[:from:from], " "), line[to+1:]...)
}

// Bounds on what one command may bring.
const (
	mostLine    = 64 << 10
	mostCommand = 8 << 20   // of lines and literals that are kept, and of both
	mostLiteral = 128 << 20 // of a literal, which is read and, beyond mostKept, forgotten
	mostKept    = 64 << 10
)

// message reads a command with its literals: as it came, of long literals the
// beginning.
func (c *caller) message() (msg []byte, err error) {
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		msg = append(msg, line...)
		if len(msg) > mostCommand {
			return nil, fmt.Errorf("a command of more than %d octets", mostCommand)
		}
		size, sync, _, ok := announced(line)
		if c.pop() || !ok {
			return msg, nil
		}
		if size > mostLiteral {
			return nil, fmt.Errorf("a literal of %d octets, which is more than %d", size, mostLiteral)
		}
		if sync {
			if err := c.say([]byte("+ go on\r\n")); err != nil {
				return nil, err
			}
		}
		if msg, err = c.literal(msg, size); err != nil {
			return nil, err
		}
	}
}

// line reads a line with its end.
func (c *caller) line() ([]byte, error) {
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		line = append(line, part...)
		if len(part) > 0 {
			c.feed(event.SideClient, part)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= mostLine:
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("a line of more than %d octets", mostLine)
		case err != nil:
			return nil, err
		default:
			return line, nil
		}
	}
}

// literal reads size octets and keeps the first of them.
func (c *caller) literal(msg []byte, size int64) ([]byte, error) {
	buf := make([]byte, 32<<10)
	for kept := int64(0); size > 0; {
		n, err := c.in.Read(buf[:min(size, int64(len(buf)))])
		if n > 0 {
			c.feed(event.SideClient, buf[:n])
			if kept < mostKept {
				msg = append(msg, buf[:n]...)
				kept += int64(n)
			}
			size -= int64(n)
		}
		if err != nil {
			return nil, err
		}
	}
	return msg, nil
}

// taken is the event of the command that came last; nil where what came was none.
func (c *caller) taken() *event.Event {
	c.live.mu.Lock()
	defer c.live.mu.Unlock()
	e := c.latest
	c.latest = nil
	return e
}

// answer answers what came.
func (c *caller) answer(ctx context.Context, msg []byte) error {
	e := c.taken()
	if e == nil {
		if c.pop() {
			return c.say([]byte("-ERR mailtap: that is no command\r\n"))
		}
		return c.say([]byte("* BAD mailtap: that is no command\r\n"))
	}
	c.asks++
	if done, err := c.own(ctx, e, msg); done || err != nil {
		return err
	}
	meaning := compare.Meaning(e)
	st, again := c.find(meaning, mailboxOf(e))
	switch {
	case st != nil && len(st.parts) > 0:
		return c.play(ctx, e, st, again)
	case st != nil: // the recording ends before its answer
		return c.refuse(e, "the recording ends before the answer to")
	}
	if turns := c.assemble(e, meaning); turns != nil {
		return c.fetch(e, turns)
	}
	return c.common(e)
}

// own answers what depends on this server and not on the recorded one.
func (c *caller) own(ctx context.Context, e *event.Event, msg []byte) (done bool, err error) {
	switch e.Name {
	case "CAPABILITY", "CAPA":
		return true, c.capability(e)
	case "STARTTLS", "STLS":
		return true, c.startTLS(ctx, e)
	case "COMPRESS":
		return true, c.complete(e, "NO", "[CANNOT] mailtap: a replay is not compressed")
	}
	if loginName(e.Name) {
		return true, c.login(e, msg)
	}
	if !c.logged && e.Name != "LOGOUT" && e.Name != "QUIT" && e.Name != "NOOP" && e.Name != "ID" {
		return true, c.complete(e, "BAD", "mailtap: log in first")
	}
	return false, nil
}

// complete sends a completion of mailtap's own.
func (c *caller) complete(e *event.Event, status, text string) error {
	if c.pop() {
		status = map[string]string{"OK": "+OK", "NO": "-ERR", "BAD": "-ERR"}[status]
		return c.say([]byte(status + " " + text + "\r\n"))
	}
	return c.say([]byte(e.Tag + " " + status + " " + text + "\r\n"))
}

// refuse says that a command has no recorded answer.
func (c *caller) refuse(e *event.Event, why string) error {
	what := strings.TrimPrefix(e.Text, e.Tag+" ")
	if c.pop() {
		what = e.Text
	}
	what = clip(strings.TrimSpace(what))
	c.note(c.id, why+": "+what)
	if c.pop() {
		return c.say([]byte("-ERR mailtap: " + why + ": " + safe(what) + "\r\n"))
	}
	return c.complete(e, "NO", "[CANNOT] mailtap: "+why+": "+safe(what))
}

// safe is text that can stand in a status response: ASCII, and no literal at its end.
func safe(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f {
			return '?'
		}
		return r
	}, wire.Escape([]byte(text)))
	if strings.HasSuffix(text, "}") {
		text += "."
	}
	return text
}

const never = "never recorded"

// common answers what a client may say at any time.
func (c *caller) common(e *event.Event) error {
	switch e.Name {
	case "NOOP", "CHECK", "RSET":
		return c.complete(e, "OK", "done")
	case "ID":
		if err := c.say([]byte("* ID NIL\r\n")); err != nil {
			return err
		}
		return c.complete(e, "OK", "done")
	case "CLOSE", "UNSELECT":
		if e.State == event.StateSelected {
			return c.complete(e, "OK", "done")
		}
	case "LOGOUT":
		if err := c.say([]byte("* BYE\r\n")); err != nil {
			return err
		}
		fallthrough
	case "QUIT":
		return errors.Join(c.complete(e, "OK", "bye"), errOver)
	}
	return c.refuse(e, never)
}

// play sends the recorded answer. What came unasked with it comes the first time.
func (c *caller) play(ctx context.Context, e *event.Event, st *step, again bool) error {
	if e.Name == "IDLE" {
		return c.idleLike(ctx, e, st, again)
	}
	for _, p := range st.parts {
		if again && p.turn.Cmd == 0 {
			continue
		}
		if !c.pause(ctx, p.after) {
			return ctx.Err()
		}
		if err := c.say(c.terms().rewritten(retagged(p.turn, e.Tag))); err != nil {
			return err
		}
	}
	last := st.parts[len(st.parts)-1].turn
	switch {
	case e.Name == "LOGOUT", e.Name == "QUIT":
		return errOver
	case !last.Completes && last.Status == "BYE":
		return errOver
	case !last.Completes:
		return c.refuse(e, "the recording ends before the answer to")
	}
	return nil
}

// pause lets time pass as the recorded server did.
func (c *caller) pause(ctx context.Context, d time.Duration) bool {
	if c.Speed <= 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(float64(d) / c.Speed))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// idleLike keeps an IDLE (RFC 2177): what came in the recorded one comes again,
// each in its time, until the client says DONE.
func (c *caller) idleLike(ctx context.Context, e *event.Event, st *step, again bool) error {
	if err := c.say([]byte("+ idling\r\n")); err != nil {
		return err
	}
	during, completion := st.parts, []part(nil)
	if st.done >= 0 {
		during, completion = st.parts[:min(st.done, len(st.parts))], st.parts[min(st.done, len(st.parts)):]
	}
	if again {
		during = nil
	}
	idle, stop := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() {
		for _, p := range during {
			if !c.pause(idle, p.after) || idle.Err() != nil || c.say(p.turn.Data) != nil {
				return
			}
		}
	})
	line, err := c.line()
	if c.Speed <= 0 {
		telling.Wait()
	}
	stop()
	telling.Wait()
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(string(line)), "DONE") {
		return c.complete(e, "BAD", "mailtap: expected DONE")
	}
	if len(completion) == 0 {
		return c.complete(e, "OK", "done")
	}
	for _, p := range completion {
		if err := c.say(retagged(p.turn, e.Tag)); err != nil {
			return err
		}
	}
	return nil
}

// fetch sends messages that were recorded in other answers.
func (c *caller) fetch(e *event.Event, turns []*Turn) error {
	for _, t := range turns {
		if err := c.say(t.Data); err != nil {
			return err
		}
	}
	return c.complete(e, "OK", "done")
}

// capability answers with the recorded list for where the session stands.
func (c *caller) capability(e *event.Event) error {
	recorded := c.before
	if c.logged && c.behind != nil {
		recorded = c.behind
	}
	switch {
	case recorded == nil && c.behind != nil:
		recorded = c.behind
	case recorded == nil && c.pop():
		recorded = []string{"TOP", "UIDL"}
	case recorded == nil:
		recorded = []string{"IMAP4rev1"}
	}
	list := c.terms().list(recorded)
	if c.pop() {
		return c.say([]byte("+OK\r\n" + strings.Join(append(list, "."), "\r\n") + "\r\n"))
	}
	if err := c.say([]byte("* CAPABILITY " + strings.Join(list, " ") + "\r\n")); err != nil {
		return err
	}
	return c.complete(e, "OK", "done")
}

// startTLS upgrades (RFC 9051 §6.2.1, RFC 2595 §4). What came behind the
// command in the clear is forgotten.
func (c *caller) startTLS(ctx context.Context, e *event.Event) error {
	if !c.terms().upgrade {
		return c.complete(e, "BAD", "mailtap: TLS runs already")
	}
	if err := c.complete(e, "OK", "begin TLS"); err != nil {
		return err
	}
	if err := c.shake(ctx); err != nil {
		return err
	}
	c.in = bufio.NewReaderSize(c.conn, 64<<10)
	return nil
}

func (c *caller) shake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	conn, report, err := c.TLS.Handshake(ctx, c.conn, func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return c.Leaf(hello, c.local) }, "")
	c.emit(&event.Event{Kind: event.KindTLS, TLS: report.TLS})
	if err != nil {
		text := err.Error()
		if f := report.Failure; f != nil {
			text = f.Text
		}
		c.note(c.id, "TLS with the client: "+text)
		return fmt.Errorf("TLS with the client: %s", text)
	}
	c.conn, c.secure = conn, true
	c.under(func() { c.live.parse.Upgraded(event.SideClient, clock()) })
	return nil
}
