package captures

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// rawlog is a pair of files that Dovecot's rawlog wrote of one session: what
// the client sent in .in, what it got in .out, each line behind the time at
// which it began. Dovecot begins them behind the login; export writes whole
// sessions.
type rawlog struct {
	paths   [2]string
	session Session
	whole   bool // the greeting is in it
}

// errHalfRawlog says that one file of a rawlog pair is missing.
var errHalfRawlog = errors.New("it is half of a Dovecot rawlog: both files, .in and .out, have to lie beside each other")

// stamp is the time before a line: "1795461238.694990 ".
func stamp(line []byte) (t time.Time, rest []byte, ok bool) {
	i := bytes.IndexByte(line[:min(len(line), 32)], ' ')
	if i < 0 {
		return t, line, false
	}
	seconds, fraction, found := strings.Cut(string(line[:i]), ".")
	if !found || len(fraction) != 6 {
		return t, line, false
	}
	s, err := strconv.ParseInt(seconds, 10, 64)
	us, err2 := strconv.ParseUint(fraction, 10, 32)
	if err != nil || err2 != nil || s < 0 {
		return t, line, false
	}
	return time.Unix(s, int64(us)*1000).UTC(), line[i+1:], true
}

// openRawlog takes path for one of a pair: nil where it is none.
func openRawlog(path string) (*rawlog, error) {
	end := filepath.Ext(path)
	if end != ".in" && end != ".out" {
		return nil, nil
	}
	base := strings.TrimSuffix(path, end)
	l := &rawlog{paths: [2]string{base + ".in", base + ".out"}}
	var begins [2]time.Time
	var heads [2][]byte
	for d, name := range l.paths {
		head, err := headOf(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, errHalfRawlog
		}
		if err != nil {
			return nil, cause(err)
		}
		t, rest, ok := stamp(head)
		if !ok && len(head) > 0 {
			return nil, nil // something else with such a name
		}
		begins[d], heads[d] = t, head
		if d == server {
			l.session.Proto = event.IMAP
			if bytes.HasPrefix(rest, []byte("+OK")) || bytes.HasPrefix(rest, []byte("-ERR")) {
				l.session.Proto = event.POP3
			}
		}
	}
	l.whole = greets(heads[client], heads[server])
	l.session.Start = begins[client]
	if begins[client].IsZero() || !begins[server].IsZero() && begins[server].Before(begins[client]) {
		l.session.Start = begins[server]
	}
	sum := sha256.Sum256([]byte(filepath.Base(base) + l.session.Start.String()))
	l.session.ID = base32.StdEncoding.EncodeToString(sum[:])[:10]
	l.session.Upstream = l.session.Proto.String() + "://dovecot.invalid"
	return l, nil
}

// greets reports whether a pair that begins so has the session's beginning: in
// IMAP the greeting alone is an untagged status, in POP3 a login tells.
func greets(in, out []byte) bool {
	_, first, _ := stamp(out)
	for _, status := range []string{"* OK", "* PREAUTH", "* BYE"} {
		if bytes.HasPrefix(first, []byte(status)) {
			return true
		}
	}
	for line := range bytes.Lines(in) {
		_, line, _ = stamp(line)
		name, _, _ := strings.Cut(strings.ToUpper(string(bytes.TrimRight(line, "\r\n"))), " ")
		switch name {
		case "USER", "PASS", "APOP", "AUTH", "STLS":
			return true
		}
	}
	return false
}

// headOf is the beginning of a file.
func headOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

// rawLines reads one file of a pair piece by piece.
type rawLines struct {
	f     *os.File
	in    *bufio.Reader
	inRow bool // the next piece goes on with a line
	at    time.Time
	data  []byte // nil at the end
	err   error
}

func openLines(path string) (*rawLines, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &rawLines{f: f, in: bufio.NewReaderSize(f, maxSegment)}
	r.next()
	return r, nil
}

// next reads a line, or a piece of one that is long.
func (r *rawLines) next() {
	piece, err := r.in.ReadSlice('\n')
	if !r.inRow {
		if t, rest, ok := stamp(piece); ok {
			r.at, piece = t, rest
		}
	}
	r.inRow = errors.Is(err, bufio.ErrBufferFull)
	r.data = piece
	if len(piece) == 0 && err != nil {
		r.data = nil
	}
	if err != nil && err != io.EOF && !r.inRow {
		r.err = err
	}
}

// walk plays the pair as one session: in order of time, and of lines of one
// time the client's first, as they caused the server's.
func (l *rawlog) walk(r *Reader, id string, fn func(wire.Item) error) error {
	if id != "" && id != l.session.ID {
		return fmt.Errorf("reading capture %s: it has no session %q", r.path, id)
	}
	var sides [2]*rawLines
	for d, path := range l.paths {
		lines, err := openLines(path)
		if err != nil {
			return fmt.Errorf("reading capture %s: %w", path, cause(err))
		}
		defer lines.f.Close()
		sides[d] = lines
	}
	w := newWalk(r, "", fn)
	g := &session{id: l.session.ID, context: &event.Context{Session: l.session.ID, Proto: l.session.Proto}}
	g.parse = r.newParse(l.session.Proto, wire.Options{ID: g.id, ShowSecrets: r.ShowSecrets, Sink: &sink{w, g}, LoggedIn: !l.whole})
	defer g.parse.Close()
	now := l.session.Start
	g.parse.Emit(&event.Event{Kind: event.KindSessionOpen, Time: now, Route: &event.Route{Upstream: l.session.Upstream}})
	if !l.whole {
		g.parse.Gap(event.SideServer, 0, now) // greeting and login
	}
	for w.failure == nil {
		d := client
		if sides[client].data == nil || sides[server].data != nil && sides[server].at.Before(sides[client].at) {
			d = server
		}
		s := sides[d]
		if s.data == nil {
			break
		}
		if s.at.After(now) {
			now = s.at
		}
		g.parse.Feed([2]event.Side{event.SideClient, event.SideServer}[d], s.data, now, nil)
		s.next()
	}
	if w.failure == nil {
		l.end(g, now)
	}
	return errors.Join(w.failure, sides[client].err, sides[server].err)
}

// end closes the session: nobody logged who did.
func (l *rawlog) end(g *session, now time.Time) {
	g.parse.EOF(event.SideClient, now)
	g.parse.EOF(event.SideServer, now)
	info := g.parse.Info()
	reason := "the rawlog ends"
	if !l.whole {
		reason += "; Dovecot begins it behind the login"
	}
	g.parse.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, State: info.State, Close: &event.Close{BytesC: info.BytesC, BytesS: info.BytesS,
		Commands: info.Commands, Duration: now.Sub(l.session.Start), Reason: reason}})
}

// sessions is the pair as a list of one.
func (l *rawlog) sessions(r *Reader) ([]*Session, error) {
	s := l.session
	err := l.walk(r, "", func(item wire.Item) error {
		if item.Octets != nil {
			d := client
			if item.Octets.Side == event.SideServer {
				d = server
			}
			s.Octets[d] += int64(len(item.Octets.Data))
			s.End = item.Octets.Time
		} else if item.Event.Finding != nil {
			s.Findings++
		} else if item.Event.Close != nil {
			s.Close = item.Event.Close
		}
		return nil
	})
	if r.Found != nil {
		r.Found(&s)
	}
	r.listed = []string{s.ID}
	return []*Session{&s}, err
}
