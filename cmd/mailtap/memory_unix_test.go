//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// items are what a session says, as the proxy's queue has it.
type items struct {
	id   string
	list []wire.Item
}

func (q *items) Octets(o *wire.Octets) {
	kept := *o
	kept.Data, kept.Secrets = bytes.Clone(o.Data), slices.Clone(o.Secrets)
	q.list = append(q.list, wire.Item{Session: q.id, Octets: &kept})
}

func (q *items) Event(e *event.Event) { q.list = append(q.list, wire.Item{Session: q.id, Event: e}) }

// fetching is a session that downloads n messages of some 5,000 octets.
func fetching(i, n int) []wire.Item {
	q := &items{id: fmt.Sprintf("S%09d", i)}
	s := parse.New(event.IMAP, wire.Options{ID: q.id, Sink: q})
	defer s.Close()
	now := time.Date(2026, 11, 23, 6, 0, i, 0, time.UTC)
	say := func(side event.Side, format string, args ...any) {
		now = now.Add(time.Millisecond)
		s.Feed(side, fmt.Appendf(nil, format+"\r\n", args...), now, nil)
	}
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: now, Route: &event.Route{Client: fmt.Sprintf("192.0.2.%d:%d", i%200, 10000+i), Upstream: "imaps://imap.example.org:993"}})
	s.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: now, Route: &event.Route{Server: "198.51.100.7:993"}})
	say(event.SideServer, "* OK [CAPABILITY IMAP4rev1] ready")
	say(event.SideClient, "a1 LOGIN user%d@example.org secret", i%50)
	say(event.SideServer, "a1 OK in")
	say(event.SideClient, "a2 SELECT INBOX")
	say(event.SideServer, "* %d EXISTS\r\n* OK [UIDVALIDITY 3] v\r\na2 OK [READ-WRITE] ok", n)
	say(event.SideClient, "a3 UID FETCH 1:%d BODY.PEEK[]", n)
	body := "Subject: hello\r\n\r\n" + strings.Repeat(strings.Repeat("text ", 14)+"\r\n", 70)
	for k := range n {
		say(event.SideServer, "* %d FETCH (UID %d BODY[] {%d}\r\n%s)", k+1, k+1, len(body), body)
	}
	say(event.SideServer, "a3 OK done")
	s.EOF(event.SideClient, now)
	s.EOF(event.SideServer, now)
	info := s.Info()
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, Close: &event.Close{BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, By: event.SideClient}})
	return q.list
}

// manySessions records n sessions of some 200 kB and gives the capture.
func manySessions(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "many.pcapng")
	w, err := captures.Create(path, captures.Options{Version: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.Write(fetching(i, 40)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// What reads captures needs hardly more memory for a long one than for a
// short one (issue 5).
func TestMemory(t *testing.T) {
	bin, err := exec.LookPath("mailtap") // this test binary, by testscript.Main
	if err != nil {
		t.Fatal(err)
	}
	peak := func(args ...string) int64 {
		cmd := exec.Command(bin, args...)
		var out counter
		var errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		exit := new(exec.ExitError)
		if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitNotOK) {
			t.Fatalf("mailtap %q: %v: %s", args, err, errs.String())
		} else if out == 0 && args[0] != "export" {
			t.Fatalf("mailtap %q said nothing", args)
		}
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if usage.Maxrss > 1<<32 { // octets on some systems, kibioctets on the others
			return usage.Maxrss
		}
		return usage.Maxrss << 10
	}
	short, long := manySessions(t, 50), manySessions(t, 500)
	for _, args := range [][]string{
		{"show"}, {"show", "--format", "json"}, {"show", "--filter", `name == "LOGIN"`}, {"diagnose"}, {"summary"},
		{"export", "--to", "raw", "--out", filepath.Join(t.TempDir(), "raw")},
		{"export", "--to", "pcapng", "--out", filepath.Join(t.TempDir(), "copy.pcapng")},
		{"compare", short},
	} {
		few := slices.Clone(args)
		if args[0] == "export" { // not over the other one's files
			few[len(few)-1] += ".short"
		}
		a, b := peak(append(few, short)...), peak(append(args, long)...)
		t.Logf("mailtap %s: %d MiB, %d MiB", strings.Join(args, " "), a>>20, b>>20)
		if b > a+24<<20 {
			t.Errorf("mailtap %s: %d MiB for 10 MB of sessions, %d MiB for 100 MB", strings.Join(args, " "), a>>20, b>>20)
		}
	}
}
