package peertest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mailtap/proxy/peertest"
)

// played is a running `mailtap replay server`.
type played struct {
	*peertest.Listening
	caFile string
	port   int
}

// replayServer serves a capture on a free port.
func replayServer(t *testing.T, capture, proto string, security peertest.Security, more ...string) *played {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"replay", "server", capture, security.Scheme(proto) + "://127.0.0.1:0", "--ca-dir", dir, "--log-format", "json"}, more...)
	l := peertest.Listen(t, exec.Command(peertest.Mailtap(t), args...))
	return &played{Listening: l, caFile: filepath.Join(dir, "ca.pem"), port: l.Port}
}

// TestReplayServer serves recorded sessions to the client that they were
// recorded of, with other credentials: it does nothing otherwise. To a client
// that does one thing otherwise that is the first divergence.
func TestReplayServer(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "python3")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	for proto, want := range map[string]string{
		"imap": "first: UID STORE has other arguments: UID STORE 1 ", "pop3": "first: DELE has other arguments: DELE 2 against DELE 3",
	} {
		capture := recordOnce(t, d.Server, proto, peertest.Implicit)
		for _, security := range peertest.Securities {
			t.Run(proto+"/"+string(security), func(t *testing.T) {
				s := replayServer(t, capture, proto, security, "--once")
				once(t, s.end(t, proto, security))
				if stdout, status := s.Wait(t); status != 0 || !strings.Contains(stdout, "the same") {
					t.Errorf("the same client: status %d\n%s", status, stdout)
				}
			})
		}
		t.Run(proto+"/broken", func(t *testing.T) {
			s := replayServer(t, capture, proto, peertest.Cleartext, "--once")
			if err := tryOnce(t, s.end(t, proto, peertest.Cleartext), "broken"); err == nil {
				t.Error("the broken client got what it asked for, which was never recorded")
			}
			if stdout, status := s.Wait(t); status != 3 || !strings.Contains(stdout, want) {
				t.Errorf("the broken client: status %d\n%s", status, stdout)
			}
		})
	}
}

func (s *played) end(t *testing.T, proto string, security peertest.Security) peertest.End {
	t.Helper()
	return peertest.End{Proto: proto, Security: security, Host: "localhost", Port: s.port, CA: s.caFile,
		User: peertest.User{Name: "somebody", Password: "any \"password\""}, Dir: t.TempDir()}
}

// tryOnce is once for a client that may fail.
func tryOnce(t *testing.T, e peertest.End, more ...string) error {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", e.Proto+"_once.py"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{script, e.Host, strconv.Itoa(e.Port), string(e.Security), e.CA, e.User.Name, e.User.Password}
	_, _, err = peertest.RunStatus(t, e.Dir, "python3", append(args, more...)...)
	return err
}

// TestReplayServerClients serves what curl and mbsync were recorded of to them
// again: they fetch the same messages, and end well.
func TestReplayServerClients(t *testing.T) {
	peertest.SkipShort(t)
	for _, tt := range []struct {
		program, proto string
		run            client
	}{
		{"curl", "imap", curl}, {"curl", "pop3", curl}, {"mbsync", "imap", mbsyncOnce},
	} {
		t.Run(tt.program+"/"+tt.proto, func(t *testing.T) {
			peertest.Need(t, tt.program)
			d := peertest.StartDovecot(t, peertest.DovecotOptions{})
			route := peertest.Route{Proto: tt.proto, Listen: peertest.Implicit, Upstream: peertest.Implicit}
			p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{Routes: []peertest.Route{route}})
			e := peertest.End{Proto: tt.proto, Security: peertest.Implicit, Host: "localhost", Port: p.Port(t, route), CA: p.CA, User: d.User(t), Dir: t.TempDir()}
			want := tt.run(t, e)
			peertest.CheckSessions(t, p.Stop(t))
			s := replayServer(t, p.Capture, tt.proto, peertest.Implicit)
			e.Port, e.CA, e.Dir = s.port, s.caFile, t.TempDir()
			got := tt.run(t, e)
			s.Signal(t, syscall.SIGINT)
			stdout, status := s.Wait(t)
			if strings.Join(got, " ") != strings.Join(want, " ") || status != 0 || strings.Contains(stdout, "first:") {
				t.Errorf("fetched %q, and when recorded %q; status %d\n%s", got, want, status, peertest.Cut(stdout, 4000))
			}
		})
	}
}

// mbsyncOnce copies everything to a new Maildir.
func mbsyncOnce(t *testing.T, e peertest.End) []string {
	t.Helper()
	config := mbsyncConfig(t, e)
	if err := os.Mkdir(filepath.Join(e.Dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	peertest.Run(t, e.Dir, "mbsync", "--config", config, "all")
	inbox := filepath.Join(e.Dir, "mail", "INBOX")
	return append(peertest.Files(t, filepath.Join(inbox, "cur")), peertest.Files(t, filepath.Join(inbox, "new"))...)
}
