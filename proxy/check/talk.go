package check

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
	"mailtap/proxy/tlsfacts"
)

const (
	maxHeard  = 4 << 20 // octets of one conversation
	maxEvents = 20000   // of one answer
	headSize  = 256     // octets of what was said first
)

var errMuch = fmt.Errorf("the server says more than %d bytes", maxHeard)

// talk is a conversation with a server, as a client that asks one thing at a
// time. What both sides say goes through a parse session, which pairs answers
// with commands, types their data, masks the password, and finds what is wrong.
type talk struct {
	proto  event.Proto
	conn   net.Conn
	parse  wire.Session
	limit  time.Duration
	record func([]wire.Item) error
	id     string

	heard    []*event.Event // since the last command
	findings []*event.Event
	lines    map[int64]string // by seq: what findings rest on
	head     []byte           // what the server said first
	rest     []byte           // octets behind the answer to STARTTLS, still in the clear
	total    int
	tag      int
	stopAt   string // the command behind whose answer reading stops
}

// answer is what a command came to.
type answer struct {
	done     *event.Event   // its completion; nil where there is none
	untagged []*event.Event // what came before it
	denied   string         // the error by which the server refuses a token, decoded
	err      error
}

// ok reports whether the command was completed with OK or +OK.
func (a answer) ok() bool {
	return a.err == nil && a.done != nil && (a.done.Status == "OK" || a.done.Status == "+OK")
}

// said is the completion's text, or why there is none.
func (a answer) said() string {
	switch {
	case a.err != nil:
		return broken(a.err)
	case a.done == nil:
		return "no answer"
	}
	return clean(a.done.Text)
}

func newTalk(conn net.Conn, proto event.Proto, url string, limit time.Duration, record func([]wire.Item) error) *talk {
	k := &talk{proto: proto, conn: conn, limit: limit, record: record, id: newID(), lines: map[int64]string{}}
	k.parse = parse.New(proto, wire.Options{ID: k.id, Sink: k})
	now := time.Now()
	k.parse.Emit(&event.Event{Time: now, Kind: event.KindSessionOpen, Route: &event.Route{
		Listen: "check", Upstream: url, Client: conn.LocalAddr().String()}})
	k.parse.Emit(&event.Event{Time: now, Kind: event.KindUpstreamOpen, Route: &event.Route{Server: conn.RemoteAddr().String()}})
	return k
}

// newID names a conversation as sessions are named.
func newID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return base32.StdEncoding.EncodeToString(b[:])[:10]
}

// Octets makes a talk a wire.Sink.
func (k *talk) Octets(o *wire.Octets) {
	if k.record == nil {
		return
	}
	kept := *o
	kept.Data = append([]byte(nil), o.Data...)
	k.keep(wire.Item{Session: k.id, Octets: &kept})
}

// Event takes what the parse session says.
func (k *talk) Event(e *event.Event) {
	if k.record != nil {
		k.keep(wire.Item{Session: k.id, Event: e})
	}
	switch {
	case e.Kind == event.KindFinding:
		k.findings = append(k.findings, e)
	case len(k.heard) < maxEvents:
		k.heard = append(k.heard, e)
		if e.Seq > 0 && len(k.lines) < maxEvents {
			k.lines[e.Seq] = strings.ToUpper(e.Dir.Letter()) + ": " + clean(e.Text)
		}
	}
}

func (k *talk) keep(item wire.Item) {
	if err := k.record([]wire.Item{item}); err != nil {
		k.record = nil // it was told to whoever records
	}
}

// Decide makes a talk a wire.Gate: nothing behind the answer to STARTTLS is
// read in the clear.
func (k *talk) Decide(u *wire.Unit) wire.Verdict {
	return wire.Verdict{Stop: k.stopAt != "" && u.Kind == event.KindResponse && u.For == k.stopAt && !u.Block && u.Name == ""}
}

// greet waits for the greeting.
func (k *talk) greet() (*event.Event, error) {
	var greeting *event.Event
	err := k.listen(func(e *event.Event) bool {
		if e.Kind == event.KindGreeting || e.Kind == event.KindOctets || e.Kind == event.KindResponse {
			greeting = e
		}
		return greeting != nil
	})
	return greeting, err
}

// ask sends a command and waits for its completion. more is sent at each
// request to go on; where there is none left the command is cancelled.
func (k *talk) ask(name, args string, more ...string) answer {
	line := name
	if args != "" {
		line += " " + args
	}
	if k.proto == event.IMAP {
		k.tag++
		line = fmt.Sprintf("m%d %s", k.tag, line)
	}
	k.heard = k.heard[:0:0]
	if err := k.send(line); err != nil {
		return answer{err: err}
	}
	var a answer
	var failed error
	a.err = k.listen(func(e *event.Event) bool {
		switch {
		case e.Dir != event.SideServer:
		case e.Kind == event.KindContinuation:
			next := "*"
			if len(more) > 0 {
				next, more = more[0], more[1:]
			}
			if step, ok := e.Data.(*sasl.Step); ok && step.JSON != "" {
				a.denied, next = clean(step.JSON), bearerEnd(line)
			}
			failed = k.send(next)
		case e.Completes || e.Kind == event.KindResponse && k.proto == event.POP3:
			a.done = e
		case e.Kind == event.KindResponse:
			a.untagged = append(a.untagged, e)
		}
		return a.done != nil || failed != nil
	})
	if a.err == nil {
		a.err = failed
	}
	return a
}

// send sends a line.
func (k *talk) send(line string) error {
	data := []byte(line + "\r\n")
	k.parse.Feed(event.SideClient, data, time.Now(), nil)
	k.conn.SetWriteDeadline(time.Now().Add(k.limit))
	_, err := k.conn.Write(data)
	return err
}

// patience is how many times as long as a pause may be a whole answer may take:
// a long list on a slow line is no fault, one octet now and then is.
const patience = 6

// listen reads until enough says so of an event. It is asked of each once.
func (k *talk) listen(enough func(*event.Event) bool) error {
	end := time.Now().Add(patience * k.limit)
	buf := make([]byte, 16<<10)
	asked := 0
	for {
		for ; asked < len(k.heard); asked++ {
			if enough(k.heard[asked]) {
				return nil
			}
		}
		pause := time.Now().Add(k.limit)
		if pause.After(end) {
			pause = end
		}
		k.conn.SetReadDeadline(pause)
		n, err := k.conn.Read(buf)
		if n > 0 {
			k.take(buf[:n])
			if k.total > maxHeard {
				return errMuch
			}
			if service(k.head, k.proto) != "" { // it may never end its line
				return errOther
			}
			continue
		}
		if err != nil {
			return err
		}
	}
}

// take hands the parse session what the server said.
func (k *talk) take(data []byte) {
	k.total += len(data)
	k.head = append(k.head, data[:min(len(data), headSize-len(k.head))]...)
	if r := k.parse.Feed(event.SideServer, data, time.Now(), k); r.Stopped {
		k.rest = append(k.rest, r.Rest...)
	}
}

// upgrade asks for TLS and shakes hands. early are octets that came in the
// clear behind the server's answer.
func (k *talk) upgrade(ctx context.Context, up *tlsfacts.Upstream) (report *tlsfacts.Report, early []byte, err error) {
	k.stopAt = upgradeCommand(k.proto)
	a := k.ask(k.stopAt, "")
	k.stopAt = ""
	if !a.ok() {
		return nil, nil, errors.New(a.said())
	}
	if early = k.rest; len(early) > 0 {
		k.parse.Drop(event.SideServer, early, time.Now(), "in the clear, behind the answer to "+upgradeCommand(k.proto))
	}
	report, err = k.secure(ctx, up)
	return report, early, err
}

// secure shakes hands and goes on inside TLS.
func (k *talk) secure(ctx context.Context, up *tlsfacts.Upstream) (*tlsfacts.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, k.limit)
	defer cancel()
	k.conn.SetDeadline(time.Time{})
	conn, report, err := up.Handshake(ctx, k.conn, nil)
	k.parse.Emit(&event.Event{Time: time.Now(), Kind: event.KindTLS, TLS: report.TLS})
	mine := *report.TLS // there is one connection, and it is the client's too
	mine.Side, mine.Peer = event.SideClient, nil
	k.parse.Emit(&event.Event{Time: time.Now(), Kind: event.KindTLS, TLS: &mine})
	if err != nil {
		return report, err
	}
	k.conn = conn
	for _, side := range []event.Side{event.SideServer, event.SideClient} {
		k.parse.Upgraded(side, time.Now())
	}
	return report, nil
}

// close says goodbye where the server listens, and ends the conversation.
func (k *talk) close(polite bool) {
	if polite {
		k.limit = min(k.limit, 3*time.Second)
		k.ask(goodbye(k.proto), "")
	}
	k.conn.Close()
	now := time.Now()
	info := k.parse.Info()
	k.parse.EOF(event.SideClient, now)
	k.parse.EOF(event.SideServer, now)
	k.parse.Emit(&event.Event{Time: now, Kind: event.KindSessionClose, Close: &event.Close{
		BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, By: event.SideClient}})
	k.parse.Close()
}

func goodbye(proto event.Proto) string {
	if proto == event.POP3 {
		return "QUIT"
	}
	return "LOGOUT"
}

func upgradeCommand(proto event.Proto) string {
	if proto == event.POP3 {
		return "STLS"
	}
	return "STARTTLS"
}

// errOther is a server of another protocol.
var errOther = errors.New("it speaks another protocol")

// others are what servers of other protocols say first.
var others = []struct{ prefix, name string }{
	{"* OK", "imap"}, {"* PREAUTH", "imap"}, {"* BYE", "imap"}, {"+OK", "pop3"}, {"-ERR", "pop3"},
	{"220", "smtp"}, {"554", "smtp"}, {"421", "smtp"}, {"SSH-", "ssh"}, {"HTTP/", "http"}, {"<!", "http"}, {"<html", "http"}, {"\x15\x03", "tls"},
	{"\"IMPLEMENTATION\"", "managesieve"},
}

// service names the service that begins so, if it is another than proto.
func service(head []byte, proto event.Proto) string {
	for _, o := range others {
		if strings.HasPrefix(string(head), o.prefix) && o.name != proto.String() {
			return o.name
		}
	}
	return ""
}

// silence words an error of reading.
func silence(err error, limit time.Duration) (id, why string) {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "net.timeout", fmt.Sprintf("it is connected and says nothing for %v", limit)
	case errors.Is(err, io.EOF):
		return "net.reset", "it closes the connection without a word"
	}
	return "net.reset", clean(err.Error())
}

// broken words an error in the midst of a conversation.
func broken(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.EOF):
		return "the server closed the connection"
	case errors.Is(err, syscall.ECONNRESET):
		return "the connection was reset"
	}
	return clean(err.Error())
}
