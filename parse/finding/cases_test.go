package finding_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// TestCases plays testdata/*.txtar: each part is one case, its name says which.
//
//	route imaps://imap.example.org    a session through this route begins (imap://mail.example.org by itself)
//	client 192.0.2.7                  its client's address
//	S: ... / C: ...                   a line with CRLF; S"..." is a Go string as it stands
//	TLS                               the STARTTLS handshakes
//	reached                           the server is connected to
//	wait 5m                           time goes by
//	close server [reason]             who ends the session (the client where it is not said)
//	in 2                              what follows is session 2's, counted from 1
//	gap S 120                         as many octets of the server are missing in the record; 0: what came before
//	finding net.refused               the proxy has found this
//	want ID SEVERITY [TEXT]           a finding that must come, with TEXT in its title or advice
//
// A case names all findings that come: without a want there must be none.
func TestCases(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no cases in testdata")
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range archive.Files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+part.Name, func(t *testing.T) {
				play(t, string(part.Data))
			})
		}
	}
}

// stage is a case under way: its sessions share one clock and one digest.
type stage struct {
	t        *testing.T
	now      time.Time
	sessions []*played
	current  *played
	digest   finding.Digest
	wants    []want
	client   string
}

type played struct {
	wire.Session
	started time.Time
	closed  bool
}

type want struct{ id, severity, text string }

// Octets and Event make stage a sink.
func (s *stage) Octets(*wire.Octets)  {}
func (s *stage) Event(e *event.Event) { s.digest.See(e) }

func play(t *testing.T, script string) {
	s := &stage{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), client: "192.0.2.7"}
	for line := range strings.Lines(script) {
		s.line(strings.TrimRight(line, "\n"))
	}
	for _, p := range s.sessions {
		s.close(p, "client", "")
	}
	s.compare()
}

func (s *stage) line(line string) {
	s.t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || word == "#":
	case strings.HasPrefix(line, "C:"), strings.HasPrefix(line, "S:"):
		s.feed(line[0], strings.TrimPrefix(line[2:], " ")+"\r\n")
	case strings.HasPrefix(line, `C"`), strings.HasPrefix(line, `S"`):
		data, err := strconv.Unquote(line[1:])
		if err != nil {
			s.t.Fatalf("in %q: %v", line, err)
		}
		s.feed(line[0], data)
	default:
		s.direct(word, rest)
	}
}

// direct does what a line says that no side sent.
func (s *stage) direct(word, rest string) {
	s.t.Helper()
	switch word {
	case "route":
		s.open(rest)
	case "client":
		s.client = rest
	case "TLS":
		s.handshakes()
		s.current.Upgraded(event.SideServer, s.now)
		s.current.Upgraded(event.SideClient, s.now)
	case "reached":
		s.session().Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: s.now, Route: &event.Route{Server: "192.0.2.1:143"}})
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		s.now = s.now.Add(d)
	case "close":
		by, reason, _ := strings.Cut(rest, " ")
		s.close(s.session(), by, reason)
	case "in":
		n, err := strconv.Atoi(rest)
		if err != nil || n > len(s.sessions) {
			s.t.Fatalf("no session %q", rest)
		}
		s.current = s.sessions[n-1]
	case "gap":
		side, size, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		s.session().Gap(event.ParseSide(strings.ToLower(side)), n, s.now)
	case "finding":
		e := finding.New(rest, "")
		e.Time = s.now
		s.session().Emit(e)
	case "want":
		f := append(strings.SplitN(rest, " ", 3), "", "")
		s.wants = append(s.wants, want{f[0], f[1], f[2]})
	default:
		s.t.Fatalf("no line of a case: %q", word+" "+rest)
	}
}

func (s *stage) session() *played {
	if s.current == nil {
		s.open("imap://mail.example.org")
	}
	return s.current
}

func (s *stage) open(route string) {
	p := &played{started: s.now}
	scheme, _, _ := strings.Cut(route, "://")
	name, _, _ := strings.Cut(scheme, "+")
	p.Session = parse.New(event.ParseProto(strings.TrimSuffix(name, "s")), wire.Options{ID: fmt.Sprintf("CASE%06d", len(s.sessions)+1), Sink: s})
	s.sessions = append(s.sessions, p)
	s.current = p
	p.Emit(&event.Event{Kind: event.KindSessionOpen, Time: s.now, Route: &event.Route{
		Listen: scheme + "://127.0.0.1:1143", Upstream: route, Client: fmt.Sprintf("%s:%d", s.client, 50000+len(s.sessions))}})
	if strings.HasSuffix(scheme, "s") && name == scheme {
		s.handshakes()
	}
}

// handshakes are those of both sides.
func (s *stage) handshakes() {
	for _, side := range []event.Side{event.SideServer, event.SideClient} {
		s.current.Emit(&event.Event{Kind: event.KindTLS, Time: s.now, TLS: &event.TLS{Side: side, Version: "TLS 1.3"}})
	}
}

func (s *stage) feed(side byte, data string) {
	s.session()
	s.now = s.now.Add(20 * time.Millisecond)
	s.current.Feed(event.ParseSide(strings.ToLower(string(side))), []byte(data), s.now, nil)
}

func (s *stage) close(p *played, by, reason string) {
	if p.closed {
		return
	}
	p.closed = true
	s.now = s.now.Add(20 * time.Millisecond)
	p.EOF(event.SideClient, s.now)
	p.EOF(event.SideServer, s.now)
	i := p.Info()
	p.Emit(&event.Event{Kind: event.KindSessionClose, Time: s.now, Close: &event.Close{
		BytesC: i.BytesC, BytesS: i.BytesS, Commands: i.Commands, By: event.ParseSide(by), Reason: reason, Duration: s.now.Sub(p.started)}})
	p.Close()
}

// compare holds what was found against what was wanted. That a side hangs up
// without a word is an observation of most cases, which need not name it.
func (s *stage) compare() {
	s.t.Helper()
	got := slices.Clone(s.digest.Found())
	for _, w := range s.wants {
		i := slices.IndexFunc(got, func(f *finding.Found) bool { return f.ID == w.id && f.Severity.String() == w.severity })
		if i < 0 {
			s.t.Errorf("no %s (%s)", w.id, w.severity)
			continue
		}
		if f := got[i]; !strings.Contains(f.Title+". "+f.Advice, w.text) {
			s.t.Errorf("%s says %q and advises %q, want %q in it", f.ID, f.Title, f.Advice, w.text)
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, f := range got {
		if f.ID != "conn.who-closed" || f.Severity > event.SeverityInfo {
			s.t.Errorf("found %s (%s): %s", f.ID, f.Severity, f.Title)
		}
	}
}

// TestCatalogued holds the catalogue against the ids that are promised.
func TestCatalogued(t *testing.T) {
	data, err := os.ReadFile("../../../shared/DIAGNOSES.md")
	if err != nil {
		t.Skipf("../shared is not here: %v", err)
	}
	rows := 0
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		id := strings.TrimSpace(cells[1])
		if !strings.Contains(id, ".") || strings.ContainsAny(id, " *") {
			continue
		}
		rows++
		if _, ok := finding.Lookup(id); !ok {
			t.Errorf("%s is not in the catalogue", id)
		}
	}
	if rows < 70 {
		t.Errorf("%d rows were read, there are more", rows)
	}
}
