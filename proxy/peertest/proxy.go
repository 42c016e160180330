package peertest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Route is a route from a free port of 127.0.0.1 to a Server's port.
type Route struct {
	Proto            string
	Listen, Upstream Security
}

// Relayed are the routes that have the same security on both sides.
func Relayed() []Route {
	var routes []Route
	for _, proto := range []string{"imap", "pop3"} {
		for _, s := range Securities {
			routes = append(routes, Route{proto, s, s})
		}
	}
	return routes
}

// Pairs are all nine routes of each protocol.
func Pairs() []Route {
	var routes []Route
	for _, proto := range []string{"imap", "pop3"} {
		for _, listen := range Securities {
			for _, upstream := range Securities {
				routes = append(routes, Route{proto, listen, upstream})
			}
		}
	}
	return routes
}

// ProxyOptions say how to run mailtap proxy.
type ProxyOptions struct {
	Routes      []Route  // Relayed where nil
	Args        []string // more flags
	ShowSecrets bool     // record passwords: then nobody looks for them
}

// Proxy is a running `mailtap proxy` that logs JSON and records to one capture.
type Proxy struct {
	Dir     string // holds all that it writes
	CA      string // its CA's certificate, PEM
	Log     string // file of the log
	Capture string // file of the capture

	command *exec.Cmd
	ports   map[Route]int
	log     *logReader
	secrets []string
	stopped bool
}

// StartProxy runs `mailtap proxy` in front of s. When the test ends it is
// stopped, its log is checked with CheckSessions, and what it wrote is searched
// for passwords of s.
func StartProxy(t testing.TB, s *Server, o ProxyOptions) *Proxy {
	t.Helper()
	program := Mailtap(t)
	dir := t.TempDir()
	p := &Proxy{
		Dir: dir, CA: filepath.Join(dir, "mailtap-ca.pem"),
		Log: filepath.Join(dir, "log.json"), Capture: filepath.Join(dir, "capture.pcapng"),
		ports: map[Route]int{},
	}
	if o.Routes == nil {
		o.Routes = Relayed()
	}
	args := []string{
		"proxy", "--ca-dir", p.caDir(), "--log-format", "json", "--record", p.Capture, "--upstream-ca", s.CA,
	}
	if o.ShowSecrets {
		args = append(args, "--show-secrets")
	} else {
		p.secrets = s.Secrets()
	}
	args = append(args, o.Args...)
	for _, r := range o.Routes {
		args = append(args, fmt.Sprintf("%s://127.0.0.1:0=%s://%s:%d",
			r.Listen.Scheme(r.Proto), r.Upstream.Scheme(r.Proto), cmp.Or(s.Host, "localhost"), s.Port(r.Proto, r.Upstream)))
	}
	p.command = exec.Command(program, args...)
	p.start(t, o.Routes)
	WriteFile(t, dir, filepath.Base(p.CA), Run(t, dir, program, "ca", "export", "--ca-dir", p.caDir()))
	t.Cleanup(func() { p.finish(t) })
	return p
}

func (p *Proxy) caDir() string { return filepath.Join(p.Dir, "ca") }

// start runs the command, and waits until each route listens.
func (p *Proxy) start(t testing.TB, routes []Route) {
	t.Helper()
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(p.Log)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	p.log = newLogReader(stderr, file)
	for _, r := range routes {
		select {
		case e := <-p.log.listening:
			p.ports[r] = portOf(t, e.Listen)
		case <-p.log.done:
			t.Fatalf("mailtap proxy ended at once: %v\n%s", p.command.Wait(), p.log.text())
		case <-time.After(30 * time.Second):
			t.Fatalf("mailtap proxy does not say that it listens\n%s", p.log.text())
		}
	}
}

func portOf(t testing.TB, listen string) int {
	t.Helper()
	u, err := url.Parse(listen)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatalf("listening on %q: %v", listen, err)
	}
	return port
}

// Port returns where the proxy listens for r.
func (p *Proxy) Port(t testing.TB, r Route) int {
	t.Helper()
	port, ok := p.ports[r]
	if !ok {
		t.Fatalf("no route %v", r)
	}
	return port
}

// PID is the proxy's process id.
func (p *Proxy) PID() int { return p.command.Process.Pid }

// Stop ends the proxy as a user does with ctrl-C, and waits for it. It returns
// all events of its log.
func (p *Proxy) Stop(t testing.TB) []Event {
	t.Helper()
	if p.stopped {
		return p.log.events(t)
	}
	p.stopped = true
	if err := p.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { p.command.Process.Kill() })
	defer timer.Stop()
	<-p.log.done
	if err := p.command.Wait(); err != nil {
		t.Errorf("mailtap proxy ended with %v\n%s", err, Cut(p.log.text(), 8000))
	}
	return p.log.events(t)
}

// LogText is the log so far.
func (p *Proxy) LogText() string { return p.log.text() }

// Await waits for the first event that match accepts, of all that were logged
// and will be, and returns it.
func (p *Proxy) Await(t testing.TB, match func(Event) bool) Event {
	t.Helper()
	e, ok := p.log.await(match)
	if !ok {
		t.Fatalf("no such event in the log within %v\n%s", patience, Cut(p.log.text(), 8000))
	}
	return e
}

// AwaitClosed waits until at least one session was opened and all that were
// opened are closed. A client that has ended may be ahead of the proxy: without
// the wait an interrupt would end its session in the client's place.
func (p *Proxy) AwaitClosed(t testing.TB) {
	t.Helper()
	if !p.log.awaitClosed() {
		t.Fatalf("sessions are still open after %v\n%s", patience, Cut(p.log.text(), 8000))
	}
}

// Kill ends the proxy with SIGKILL: nothing is flushed, nothing checked.
func (p *Proxy) Kill(t testing.TB) {
	t.Helper()
	p.stopped = true
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.log.done
	p.command.Wait()
}

// finish is what every proxy of the suite must stand at its end.
func (p *Proxy) finish(t testing.TB) {
	t.Helper()
	if !p.stopped {
		CheckSessions(t, p.Stop(t))
	}
	NoSecrets(t, p.Dir, p.secrets...)
	if t.Failed() {
		t.Logf("mailtap's log:\n%s", Cut(p.log.text(), 12000))
	}
}

// logReader keeps what the proxy writes to its log, and hands on who listens.
type logReader struct {
	listening chan Event
	done      chan struct{}

	mu    sync.Mutex
	more  sync.Cond
	lines [][]byte
	ended bool
}

func newLogReader(r io.Reader, file io.WriteCloser) *logReader {
	l := &logReader{listening: make(chan Event, 64), done: make(chan struct{})}
	l.more.L = &l.mu
	go func() {
		defer close(l.done)
		defer l.end()
		defer file.Close()
		lines := bufio.NewReader(io.TeeReader(r, file))
		for {
			line, err := lines.ReadBytes('\n')
			l.line(line)
			if err != nil {
				return
			}
		}
	}()
	return l
}

func (l *logReader) line(line []byte) {
	if len(line) == 0 {
		return
	}
	l.mu.Lock()
	l.lines = append(l.lines, line)
	l.more.Broadcast()
	l.mu.Unlock()
	var e Event
	if json.Unmarshal(line, &e) == nil && e.Event == "listening" {
		l.listening <- e
	}
}

// end tells those who wait that nothing more comes.
func (l *logReader) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.more.Broadcast()
}

// await returns the first event that match accepts.
func (l *logReader) await(match func(Event) bool) (found Event, ok bool) {
	at := 0
	ok = l.wait(func() bool {
		for ; at < len(l.lines); at++ {
			found = Event{}
			if json.Unmarshal(l.lines[at], &found) == nil && match(found) {
				return true
			}
		}
		return false
	})
	return found, ok
}

// awaitClosed waits until sessions were opened, and all of them are closed.
func (l *logReader) awaitClosed() bool {
	opened, closed, at := 0, 0, 0
	return l.wait(func() bool {
		for ; at < len(l.lines); at++ {
			var e Event
			_ = json.Unmarshal(l.lines[at], &e)
			switch e.Event {
			case "session.open":
				opened++
			case "session.close":
				closed++
			}
		}
		return opened > 0 && opened == closed
	})
}

// wait asks done after each line, under the lock, until it says yes. It gives up
// after patience and where nothing more can come.
func (l *logReader) wait(done func() bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := false
	timer := time.AfterFunc(patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.more.Broadcast()
	})
	defer timer.Stop()
	for !done() {
		if l.ended || late {
			return false
		}
		l.more.Wait()
	}
	return true
}

func (l *logReader) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.Join(l.lines, nil))
}

// events parses the log: each line is one JSON object.
func (l *logReader) events(t testing.TB) []Event {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var events []Event
	for _, line := range l.lines {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("a line of the log is no JSON object: %v: %s", err, Cut(string(line), 500))
			continue
		}
		events = append(events, e)
	}
	return events
}
