package peertest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// once runs the script that has one session.
func once(t *testing.T, e peertest.End, more ...string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", e.Proto+"_once.py"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{script, e.Host, strconv.Itoa(e.Port), string(e.Security), e.CA, e.User.Name, e.User.Password}
	peertest.Run(t, e.Dir, "python3", append(args, more...)...)
}

// recordOnce records the scripted session of a user that nobody had, to a
// capture of its own.
func recordOnce(t *testing.T, s *peertest.Server, proto string, security peertest.Security, more ...string) (capture string) {
	t.Helper()
	route := peertest.Route{Proto: proto, Listen: security, Upstream: security}
	p := peertest.StartProxy(t, s, peertest.ProxyOptions{Routes: []peertest.Route{route}})
	once(t, peertest.End{Proto: proto, Security: security, Host: "localhost", Port: p.Port(t, route), CA: p.CA, User: s.User(t), Dir: t.TempDir()}, more...)
	peertest.CheckSessions(t, p.Stop(t))
	return p.Capture
}

// mailtap runs a command of mailtap's, with a password in its environment, and
// holds its exit status.
func mailtap(t *testing.T, status int, password string, args ...string) (stdout, stderr string) {
	t.Helper()
	t.Setenv("MAILTAP_PASSWORD", password)
	stdout, stderr, err := peertest.RunStatus(t, t.TempDir(), peertest.Mailtap(t), args...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if got != status {
		t.Errorf("mailtap %s ends with status %d, want %d\n%s\n%s", strings.Join(args, " "), got, status, peertest.Cut(stdout, 6000), peertest.Cut(stderr, 2000))
	}
	return stdout, stderr
}

// TestCompareSameClient runs one script twice, for two users whose mail is the
// same: there is no difference. A client that does one thing otherwise has that
// as the first divergence.
func TestCompareSameClient(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "python3")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	for proto, want := range map[string]string{
		"imap": `first: UID STORE 1 +FLAGS`, "pop3": "first: DELE has other arguments: DELE 2 against DELE 3",
	} {
		a := recordOnce(t, d.Server, proto, peertest.Implicit)
		b := recordOnce(t, d.Server, proto, peertest.Implicit)
		stdout, _ := mailtap(t, 0, "", "compare", a, b)
		if !strings.Contains(stdout, "the same") {
			t.Errorf("%s: %s", proto, stdout)
		}
		other := recordOnce(t, d.Server, proto, peertest.Implicit, "broken")
		if stdout, _ = mailtap(t, 3, "", "compare", a, other); !strings.Contains(stdout, want) {
			t.Errorf("%s: the first divergence is not the broken command:\n%s", proto, stdout)
		}
	}
}

// TestReplayClient plays recorded sessions against the server they came from,
// for a user whose mail is as it was then: nothing differs, and the mailboxes
// are the same behind it.
func TestReplayClient(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "python3")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	for _, proto := range []string{"imap", "pop3"} {
		for _, security := range peertest.Securities {
			t.Run(proto+"/"+string(security), func(t *testing.T) {
				replayClient(t, d.Server, recordOnce(t, d.Server, proto, security), proto, security)
			})
		}
	}
}

func replayClient(t *testing.T, s *peertest.Server, capture, proto string, security peertest.Security) {
	t.Helper()
	u := s.User(t)
	to := security.Scheme(proto) + "://localhost:" + strconv.Itoa(s.Port(proto, security))
	again := filepath.Join(t.TempDir(), "again.pcapng")
	args := []string{"replay", "client", capture, to, "--user", u.Name, "--upstream-ca", s.CA, "--record", again}
	_, stderr := mailtap(t, 2, u.Password, args...)
	if !strings.Contains(stderr, "deletes on the server") {
		t.Errorf("without --yes: %s", stderr)
	}
	stdout, stderr := mailtap(t, 0, u.Password, append(args, "--yes")...)
	if stderr != "" || !strings.Contains(stdout, "the same") {
		t.Errorf("replayed: %s%s", stdout, stderr)
	}
	if stdout, _ = mailtap(t, 0, "", "show", again); !strings.Contains(stdout, u.Name) || strings.Contains(stdout, u.Password) {
		t.Errorf("the record of the replay:\n%s", peertest.Cut(stdout, 2000))
	}
	if info, err := os.Stat(again); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the record of the replay: %v %v", info, err)
	}
}
