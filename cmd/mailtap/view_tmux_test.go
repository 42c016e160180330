//go:build unix && !aix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

// terminalTest is the real program in a real terminal: tmux types, and reads
// the screen.
type terminalTest struct {
	t      *testing.T
	tmux   string
	socket string
}

// inTerminal starts command in a terminal of w columns and h rows.
func inTerminal(t *testing.T, w, h int, command string) *terminalTest {
	t.Helper()
	tt := &terminalTest{t: t, tmux: peertest.Need(t, "tmux")[0], socket: filepath.Join(t.TempDir(), "tmux")}
	tt.run("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), command)
	t.Cleanup(func() { exec.Command(tt.tmux, "-S", tt.socket, "kill-server").Run() })
	return tt
}

func (tt *terminalTest) run(args ...string) string {
	tt.t.Helper()
	cmd := exec.Command(tt.tmux, append([]string{"-S", tt.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color")
	out, err := cmd.CombinedOutput()
	if err != nil {
		tt.t.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (tt *terminalTest) screen() string {
	tt.t.Helper()
	return tt.run("capture-pane", "-p")
}

// keys presses keys as tmux names them.
func (tt *terminalTest) keys(names ...string) {
	tt.t.Helper()
	for _, n := range names {
		if n == ";" { // tmux ends a command there
			n = `\;`
		}
		tt.run("send-keys", n)
	}
}

// see waits until all texts are on the screen.
func (tt *terminalTest) see(texts ...string) {
	tt.t.Helper()
	var screen string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		screen = tt.screen()
		missing := ""
		for _, text := range texts {
			if want, not := strings.CutPrefix(text, "!"); not == strings.Contains(screen, want) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
	}
	tt.t.Fatalf("%q is not on the screen:\n%s", texts, screen)
}

// TestViewKeys presses every key that ? lists, on the demo in a real terminal,
// and looks for what ? says of it.
func TestViewKeys(t *testing.T) {
	bin, err := exec.LookPath("mailtap") // this test binary, by testscript.Main
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	capture := filepath.Join(dir, "demo.pcapng")
	tt := inTerminal(t, 110, 34, fmt.Sprintf("cd %s; %s demo --record %s; echo left; sleep 60", dir, bin, capture))
	tt.see("Sessions 4", "alice", "bob")
	tt.see("That was the demo")
	tt.keys("5")
	tt.see("POP3: the mail moves to one device")
	tt.keys("1")

	for _, step := range []struct {
		keys []string
		want []string
	}{
		{[]string{"?"}, []string{"this list", "Sessions"}},
		{[]string{"/", "clipboard", "Enter"}, []string{"clipboard"}},
		{[]string{"q"}, []string{"state", "!this list"}},
		{[]string{"2"}, []string{"pop.leave-on-server"}},
		{[]string{"y"}, []string{"copied the line"}},
		{[]string{"Enter"}, []string{"alice", "DELE 1"}},
		{[]string{"Escape"}, []string{"pop.leave-on-server", "!DELE 1"}},
		{[]string{"3"}, []string{"device", "no other device finds"}},
		{[]string{"4"}, []string{"client: TLS 1.3", "server: TLS 1.3"}},
		{[]string{"5"}, []string{"listening on"}},
		{[]string{"Tab"}, []string{"state", "user"}},
		{[]string{"BTab"}, []string{"listening on"}},
		{[]string{"1", "g"}, []string{">"}},
		{[]string{"j", "k", "Down", "Up", "G", "Home", "End", "PageUp", "PageDown", "b", "Space"}, []string{"state"}},
		{[]string{"o"}, []string{"ordered by state"}},
		{[]string{"O"}, []string{"↓state"}},
		{[]string{"v"}, []string{"↑state"}},
		{[]string{"v"}, []string{"↓state"}},
		{[]string{"O", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o"}, []string{"ordered by began", "!↓"}},
		{[]string{"F"}, []string{"following what comes"}},
		{[]string{"F"}, []string{"no longer following"}},
		{[]string{"f", `user == "bob"`, "Enter"}, []string{`filter: user == "bob"`, "!alice"}},
		{[]string{"f", "C-u", "usr ==", "Enter"}, []string{"column"}},
		{[]string{"f", "C-u", "Enter"}, []string{"alice"}},
		{[]string{"g", "m"}, []string{"marked"}},
		{[]string{"y"}, []string{"copied the session's name"}},
		{[]string{"d"}, []string{"off this list?"}},
		{[]string{"n"}, []string{"!off this list?"}},
		{[]string{"w", "C-u", "one.pcapng", "Enter"}, []string{"saved one.pcapng"}},
		{[]string{"g", "X"}, []string{"off this list?"}},
		{[]string{"n", "E"}, []string{"listening on"}},
		{[]string{"1", "g", "l"}, []string{"RETR 1", "DELE 1"}},
		{[]string{"C-d", "C-d", "C-u", "]"}, []string{"pop3 alice", "!DELE 1"}},
		{[]string{"["}, []string{"pop3 alice", "DELE 1"}},
		{[]string{"i"}, []string{"!asks for message 1"}},
		{[]string{"i"}, []string{"message 1"}},
		{[]string{"u"}, []string{":"}},
		{[]string{"u", "W", "W", "Right", "Left", "h", "l", "h"}, []string{"RETR 1"}},
		{[]string{"g", "/", "retr 2", "Enter"}, []string{"RETR 2"}},
		{[]string{"n"}, []string{"RETR 2"}},
		{[]string{"N"}, []string{"RETR 2"}},
		{[]string{"!"}, []string{"pop.leave-on-server"}},
		{[]string{"g", "/", "^retr 3", "Enter", "m"}, []string{"*"}},
		{[]string{"g", "M"}, []string{">", "RETR 3"}},
		{[]string{";", "look at this", "Enter"}, []string{"; look at this"}},
		{[]string{"y"}, []string{"copied the line"}},
		{[]string{"Y"}, []string{"copied the transcript"}},
		{[]string{"p"}, []string{"RETR 3"}},
		{[]string{"e"}, []string{"Subject:"}},
		{[]string{"e"}, []string{"!Subject:"}},
		{[]string{"w", "C-u", "lines.txt", "Enter"}, []string{"saved lines.txt"}},
		{[]string{"Enter"}, []string{"octets as text", "defined in", "Subject:"}},
		{[]string{"t"}, []string{"octets as decoded text", "Subject:"}},
		{[]string{"t"}, []string{"octets as headers", "Subject:"}},
		{[]string{"t"}, []string{"octets as hex", "000000  2b 4f 4b"}},
		{[]string{"]"}, []string{"DELE 3"}},
		{[]string{"["}, []string{"octets as hex"}},
		{[]string{"p"}, []string{"RETR 3", "answered"}},
		{[]string{"x"}, []string{"export session", "report (HTML)"}},
		{[]string{"Escape"}, []string{"octets as hex", "!report (HTML)"}},
		{[]string{"x", "m"}, []string{"transcript (Markdown) as:"}},
		{[]string{"C-u", "one.md", "Enter"}, []string{"one.md"}},
		{[]string{"C-l"}, []string{"octets as hex"}},
		{[]string{":", "sessions", "Enter"}, []string{"state", "user"}},
		{[]string{":", "nonsense", "Enter"}, []string{"no command"}},
	} {
		tt.keys(step.keys...)
		tt.see(step.want...)
	}
	saved := filepath.Join(dir, "lines.txt")
	if info, err := os.Stat(saved); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v; want mode 0600", saved, info, err)
	}
	tt.keys("z")
	tt.see("clear the sessions that have ended?")
	tt.keys("y")
	tt.see("Sessions", "!Sessions 4")
	tt.keys("q")
	tt.see("leave mailtap?")
	tt.keys("n")
	tt.see("!leave mailtap?")
	tt.keys("Q")
	tt.see("left")
}

// TestViewSuspends stops the viewer by ctrl-z in a shell, and brings it back.
func TestViewSuspends(t *testing.T) {
	bin, err := exec.LookPath("mailtap")
	if err != nil {
		t.Fatal(err)
	}
	shell := peertest.Need(t, "bash")[0]
	tt := inTerminal(t, 80, 24, shell+" --norc --noprofile -i")
	tt.keys(bin+" demo", "Enter")
	tt.see("Sessions 4", "!open   imap", "!idle   imap") // with one open it asks first
	tt.keys("C-z")
	tt.see("Stopped", "!Sessions 4")
	tt.keys("fg", "Enter")
	tt.see("Sessions 4")
	tt.keys("2")
	tt.see("pop.leave-on-server")
	tt.keys("Q")
	tt.see("!Sessions 4")
}

// TestViewSuspendedLosesTerminal closes the terminal of a suspended viewer,
// which ends it: also one that was told to outlive its terminal, by nohup.
func TestViewSuspendedLosesTerminal(t *testing.T) {
	bin, err := exec.LookPath("mailtap")
	if err != nil {
		t.Fatal(err)
	}
	shell := peertest.Need(t, "bash")[0]
	for _, tt := range []struct{ name, before string }{{"hung up", ""}, {"nohup", "trap '' HUP; "}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			alive := filepath.Join(dir, "alive") // a pipe that ends with the last process that holds it
			if err := syscall.Mkfifo(alive, 0o600); err != nil {
				t.Fatal(err)
			}
			terminal := inTerminal(t, 80, 24, shell+" --norc --noprofile -i")
			terminal.keys(fmt.Sprintf("(%sexec %s demo 9>%s)", tt.before, bin, alive), "Enter")
			held, err := os.Open(alive)
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			terminal.see("Sessions 4", "!open   imap", "!idle   imap") // with one open it asks first
			terminal.keys("C-z")
			terminal.see("Stopped")
			terminal.run("kill-server")
			if err := held.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := held.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("mailtap runs on without its terminal: %v", err)
			}
		})
	}
}

// TestViewOnTerminals looks at the demo on terminals that can do less: in few
// colours and in none, and where the character set is another.
func TestViewOnTerminals(t *testing.T) {
	bin, err := exec.LookPath("mailtap")
	if err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join("..", "..", "view", "testdata", "recorded.pcapng")
	for _, env := range []string{
		"TERM=vt100", "TERM=linux", "TERM=screen", "TERM=xterm-16color", "TERM=xterm NO_COLOR=1",
		"TERM=xterm LC_ALL=C", "TERM=xterm LC_ALL=de_CH.ISO-8859-1",
	} {
		t.Run(env, func(t *testing.T) {
			tt := inTerminal(t, 80, 24, fmt.Sprintf("%s %s view %s; echo left; sleep 60", env, bin, capture))
			tt.see("Sessions 6", "quinn", "closed pop3")
			tt.keys("x")
			tt.see("export session", "report (HTML)")
			tt.keys("Escape")
			tt.see("!export session")
			tt.keys("Enter")
			tt.see("a client connected from")
			tt.keys("Q")
			tt.see("left")
		})
	}
}

// TestViewAttach looks at a running proxy from another terminal.
func TestViewAttach(t *testing.T) {
	bin, err := exec.LookPath("mailtap")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	socket := "unix:" + filepath.Join(dir, "run", "control.sock")
	proxy := exec.Command(bin, "proxy", "--log-format", "none", "--ca-dir", filepath.Join(dir, "ca"), "--control", socket, "imap://127.0.0.1:0=imap://127.0.0.1:9")
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		proxy.Process.Signal(os.Interrupt)
		proxy.Wait()
	}()
	tt := inTerminal(t, 80, 24, fmt.Sprintf("for i in 1 2 3 4 5 6 7 8 9; do %s view --attach %s && break; sleep 0.5; done; echo left; sleep 60", bin, socket))
	tt.see("No session yet", "imap://127.0.0.1:9", "live")
	tt.keys("Q")
	tt.see("left")
	if err := proxy.Process.Signal(os.Signal(syscall.Signal(0))); err != nil {
		t.Errorf("the proxy ended with its viewer: %v", err)
	}
}
