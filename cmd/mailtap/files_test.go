package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailtap/parse/event"
)

// permissions are those of a path.
func permissions(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// A directory gets a file a session, named by time, protocol and session; only
// the user may read what is written.
func TestRecordToADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := startProxy(t, "--record", dir+"/")
	s.say("USER alice", "PASS open sesame", "QUIT")
	s.finish()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the directory has %d files: %v", len(entries), err)
	}
	name := entries[0].Name()
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d{6}Z-pop3-[A-Z2-7]{10}\.pcapng$`).MatchString(name) {
		t.Errorf("the capture is called %s", name)
	}
	if d, f := permissions(t, dir), permissions(t, filepath.Join(dir, name)); d != 0o700 || f != 0o600 {
		t.Errorf("the directory has mode %o, the file %o; want 700 and 600", d, f)
	}
}

// A file that reached its size ends with a finding; that is no failure.
func TestRecordMax(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "x.pcapng")
	s := startProxy(t, "--once=false", "--record", capture, "--record-max", "2k")
	for range 3 {
		s.say("USER alice", "PASS open sesame", "RETR 5", "QUIT")
	}
	interrupt(t)
	if status := s.finish(); status != exitDone {
		t.Errorf("status %d, want %d", status, exitDone)
	}
	found := slices.ContainsFunc(s.events, func(e *event.Event) bool {
		return e.Finding != nil && e.Finding.ID == "mailtap.recording"
	})
	if !found {
		t.Error("nothing says that the recording ended")
	}
	var out, errs strings.Builder
	if status := run([]string{"show", capture}, streams{out: &out, err: &errs}); status != exitDone {
		t.Errorf("show ended with status %d: %s", status, errs.String())
	}
	if !strings.Contains(out.String(), "the recording ended: the file reached its limit of 2048 octets") {
		t.Errorf("show does not say that the recording ended:\n%s", out.String())
	}
	if info, err := os.Stat(capture); err != nil || info.Size() > 2048 {
		t.Errorf("the capture has %d octets, more than its limit (%v)", info.Size(), err)
	}
}

// interrupt sends this process the signal of Ctrl-C.
func interrupt(t *testing.T) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// SSLKEYLOGFILE and MAILTAP_SSLKEYLOGFILE get the secrets of TLS, and what was
// in them stays.
func TestKeyLog(t *testing.T) {
	dir := t.TempDir()
	shared, own := filepath.Join(dir, "shared"), filepath.Join(dir, "own")
	if err := os.WriteFile(shared, []byte("# from before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSLKEYLOGFILE", shared)
	t.Setenv("MAILTAP_SSLKEYLOGFILE", own)
	s := startProxyOn(t, "pop3s://127.0.0.1:0")
	conn, err := tls.Dial("tcp", s.listen.Host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "QUIT\r\n")
	io.Copy(io.Discard, conn)
	conn.Close()
	s.finish()
	for _, path := range []string{shared, own} {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "CLIENT_TRAFFIC_SECRET_0 ") {
			t.Errorf("%s has no secrets (%v)", path, err)
		}
		if path == shared && !strings.HasPrefix(string(text), "# from before\n") {
			t.Error("what was in the key log is gone")
		}
		if mode := permissions(t, path); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", path, mode)
		}
	}
}

// A route that cannot listen is one line, and status 1.
func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var errs strings.Builder
	status := run([]string{"proxy", "--log-format", "none", "--ca-dir", t.TempDir(), l.Addr().String() + "=imaps://mail.example.org"},
		streams{out: io.Discard, err: &errs})
	text := errs.String()
	last := text[strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1:]
	want := fmt.Sprintf("mailtap: listen %s: address already in use; choose another with LISTEN=UPSTREAM, or 127.0.0.1:0 for a free port\n", l.Addr())
	if status != exitFailed || last != want {
		t.Errorf("status %d, %q; want %d, %q", status, last, exitFailed, want)
	}
}

// The log in a file is appended to, and is for the user alone.
func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("# from before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var o logOptions
	o.file, o.format = path, "json"
	var errs strings.Builder
	log, err := o.open(streams{err: &errs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.say("warn", "something is %s", "odd")
	if err := log.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "# from before\n{") || !strings.Contains(string(text), `"message":"something is odd"`) {
		t.Errorf("the log is %q (%v)", text, err)
	}
	if errs.String() != "mailtap: something is odd\n" {
		t.Errorf("stderr has %q", errs.String())
	}
}
