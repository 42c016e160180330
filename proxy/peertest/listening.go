package peertest

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Listening is a running command of mailtap's, other than proxy, that listens
// on one port and logs JSON to stderr.
type Listening struct {
	Port    int
	command *exec.Cmd
	stdout  bytes.Buffer
	log     *logReader
}

// Listen starts command and waits until it listens. It is killed when the test
// ends, if it still runs.
func Listen(t testing.TB, command *exec.Cmd) *Listening {
	t.Helper()
	l := &Listening{command: command}
	command.Stdout = &l.stdout
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(t.TempDir() + "/log.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	l.log = newLogReader(stderr, file)
	t.Cleanup(func() { l.end(t) })
	select {
	case e := <-l.log.listening:
		l.Port = portOf(t, e.Listen)
	case <-l.log.done:
		t.Fatalf("%v ended at once: %v\n%s", command.Args, command.Wait(), l.log.text())
	case <-time.After(30 * time.Second):
		t.Fatalf("%v does not say that it listens\n%s", command.Args, l.log.text())
	}
	return l
}

func (l *Listening) end(t testing.TB) {
	if l.command.ProcessState == nil {
		l.command.Process.Kill()
		<-l.log.done
		l.command.Wait()
	}
	if t.Failed() {
		t.Logf("log of %v:\n%s", l.command.Args, Cut(l.log.text(), 8000))
	}
}

// Signal sends a signal.
func (l *Listening) Signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := l.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Wait waits for the end, and gives what was printed and the exit status.
func (l *Listening) Wait(t testing.TB) (stdout string, status int) {
	t.Helper()
	timer := time.AfterFunc(patience, func() { l.command.Process.Kill() })
	defer timer.Stop()
	<-l.log.done
	l.command.Wait()
	return l.stdout.String(), l.command.ProcessState.ExitCode()
}
