package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/proxy/mailserver"
)

// started is a `mailtap proxy --once` that runs in this process.
type started struct {
	t      *testing.T
	log    *bufio.Scanner
	listen *url.URL
	status chan int
	events []*event.Event
	lines  []string // of events, as they were logged
}

// startProxy runs mailtap proxy without TLS in front of a POP3 server without TLS.
func startProxy(t *testing.T, flags ...string) *started {
	t.Helper()
	return startProxyOn(t, "127.0.0.1:0", flags...)
}

// startProxyOn is startProxy with a listener of its own.
func startProxyOn(t *testing.T, listen string, flags ...string) *started {
	t.Helper()
	boxes := mailserver.NewMailboxes()
	if err := boxes.AddSampleUser("alice", "open sesame"); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := boxes.POP3(l, mailserver.Options{})
	t.Cleanup(func() { server.Close() })
	r, w := io.Pipe()
	s := &started{t: t, log: bufio.NewScanner(r), status: make(chan int, 1)}
	s.log.Buffer(nil, 1<<20)
	args := append([]string{"proxy", "--once", "--log-format", "json", "--ca-dir", t.TempDir()}, flags...)
	args = append(args, fmt.Sprintf("%s=pop3://%s", listen, server.Addr()))
	go func() {
		s.status <- run(args, streams{in: strings.NewReader(""), out: io.Discard, err: w})
		w.Close()
	}()
	for e := s.next(); e != nil; e = s.next() {
		if e.Kind == event.KindListening {
			if s.listen, err = url.Parse(e.Route.Listen); err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	t.Fatalf("the proxy does not listen; it ended with status %d", <-s.status)
	return nil
}

// next is the next event of the log; nil at its end.
func (s *started) next() *event.Event {
	s.t.Helper()
	for s.log.Scan() {
		if !strings.HasPrefix(s.log.Text(), "{") {
			continue // the error line
		}
		e := new(event.Event)
		if err := json.Unmarshal(s.log.Bytes(), e); err != nil {
			s.t.Fatalf("%s: %v", s.log.Text(), err)
		}
		s.events = append(s.events, e)
		s.lines = append(s.lines, s.log.Text())
		return e
	}
	return nil
}

// finish reads the log to its end and gives the exit status.
func (s *started) finish() int {
	s.t.Helper()
	for s.next() != nil {
	}
	return <-s.status
}

// say is a client that sends lines, each behind a response of one line.
func (s *started) say(lines ...string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.listen.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	r := textproto.NewReader(bufio.NewReader(conn))
	for _, line := range lines {
		if _, err := r.ReadLine(); err != nil {
			s.t.Fatalf("before %q: %v", line, err)
		}
		fmt.Fprintf(conn, "%s\r\n", line)
	}
	io.Copy(io.Discard, r.R)
}

// --once relays one session and ends well if all was well, and the log has the
// session: its sums are those of its events.
func TestProxyOnce(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "x.pcapng")
	s := startProxy(t, "--record", capture)
	s.say("USER alice", "PASS open sesame", "STAT", "QUIT")
	if status := s.finish(); status != exitDone {
		t.Errorf("status %d, want %d", status, exitDone)
	}
	var client, server int64
	var end *event.Close
	for _, e := range s.events {
		if strings.Contains(e.Text, "sesame") {
			t.Errorf("the password is in the log: %s", e.Text)
		}
		switch {
		case e.Close != nil:
			end = e.Close
		case e.Leg == event.LegServer:
		case e.Dir == event.SideClient:
			client += e.Bytes
		default:
			server += e.Bytes
		}
	}
	if end == nil || end.BytesC != client || end.BytesS != server || client == 0 || server == 0 {
		t.Errorf("events add up to %d and %d bytes, session.close is %+v", client, server, end)
	}
	data, err := os.ReadFile(capture)
	if err != nil || strings.Contains(string(data), "sesame") || !strings.Contains(string(data), "USER alice") {
		t.Errorf("the capture has the password, or not the session (%v)", err)
	}
}

// --once ends with status 3 where the session has a finding that matters.
func TestProxyOnceWithFinding(t *testing.T) {
	s := startProxy(t)
	s.say("USER alice", "PASS wrong", "QUIT")
	if status := s.finish(); status != exitNotOK {
		for _, e := range s.events {
			t.Logf("%s %s", e.Kind, e.Text)
		}
		t.Errorf("status %d, want %d", status, exitNotOK)
	}
}

// --expect holds the session of --once against rules; one that breaks is told.
func TestProxyOnceWithRules(t *testing.T) {
	for _, tt := range []struct {
		rule string
		want int
	}{
		{"asks: any(events, .name == \"STAT\")", exitDone},
		{"idles: any(events, .name == \"IDLE\")", exitNotOK},
	} {
		rules := filepath.Join(t.TempDir(), "rules")
		if err := os.WriteFile(rules, []byte(tt.rule+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := startProxy(t, "--expect", rules)
		s.say("USER alice", "PASS open sesame", "STAT", "QUIT")
		if status := s.finish(); status != tt.want {
			t.Errorf("%s: status %d, want %d", tt.rule, status, tt.want)
		}
	}
}

// A signal ends idle sessions in good order: the log has their end, and the
// status is 0.
func TestProxyDrainsAtASignal(t *testing.T) {
	s := startProxy(t, "--once=false", "--drain", "1s")
	conn, err := net.Dial("tcp", s.listen.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	interrupt(t)
	if status := s.finish(); status != exitDone {
		t.Errorf("status %d, want %d", status, exitDone)
	}
	last := s.events[len(s.events)-1]
	for _, e := range s.events {
		if e.Close != nil {
			last = e
		}
	}
	if last.Close == nil || last.Close.By != event.SideProxy {
		t.Errorf("the session did not end by mailtap: %+v", last)
	}
}

// What show says of a capture is what the log said live, line by line.
func TestShowSaysWhatTheLogSaid(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "x.pcapng")
	s := startProxy(t, "--record", capture)
	s.say("CAPA x\r\nUSER alice", "PASS wrong", "USER alice", "PASS open sesame\r\nSTAT\r\nLIST", "RETR 1", "bogus \xff\x1b", "QUIT")
	s.finish()
	var live []string
	for i, e := range s.events {
		if e.Context != nil {
			live = append(live, s.lines[i])
		}
	}
	var out, errs strings.Builder
	if status := run([]string{"show", "--format", "json", capture}, streams{out: &out, err: &errs}); status != exitDone || errs.Len() > 0 {
		t.Fatalf("show ended with status %d: %s", status, errs.String())
	}
	shown := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(shown) != len(live) {
		t.Errorf("show has %d events, the log had %d", len(shown), len(live))
	}
	for i := range min(len(shown), len(live)) {
		if shown[i] != live[i] {
			t.Fatalf("event %d:\nlive  %s\nshown %s", i, live[i], shown[i])
		}
	}
}
