package peertest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// End is where a client connects to, and as whom.
type End struct {
	Proto    string // imap or pop3
	Security Security
	Host     string // localhost, which both certificates name
	Port     int
	CA       string // file of the authority to trust
	User     User
	Dir      string // empty, for the client's files
}

// patience is how long a client may take before it counts as hanging. It is
// no measure of speed: a client that gets an answer is done in a second.
const patience = 60 * time.Second

// Run runs a client in dir, which is its home too, and returns what it printed.
// One that fails or hangs fails the test.
func Run(t testing.TB, dir string, program string, args ...string) string {
	t.Helper()
	stdout, stderr, err := RunStatus(t, dir, program, args...)
	if err != nil {
		t.Fatalf("%s: %v\nstdout: %s\nstderr: %s", program, err, Cut(stdout, 2000), Cut(stderr, 4000))
	}
	return stdout
}

// RunStatus is Run for a client whose failure may be what is looked for.
func RunStatus(t testing.TB, dir string, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "FETCHMAILHOME="+dir, "XDG_CONFIG_HOME="+dir, "LC_ALL=C.UTF-8")
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = 5 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if ctx.Err() == context.DeadlineExceeded {
		t.Fatalf("%s %q hung for %v\nstdout: %s\nstderr: %s", program, args, patience, Cut(out.String(), 2000), Cut(errs.String(), 4000))
	}
	return out.String(), errs.String(), err
}

// Cut shortens text for an error message.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:limit/2] + "\n[...]\n" + text[len(text)-limit/2:]
}

// WriteFile writes a client's file below dir, making folders as needed.
func WriteFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Files returns the hashes of all files below dir, sorted: the messages of a
// Maildir, or of whatever a client delivers into. Line ends are made CRLF.
func Files(t testing.TB, dir string) []string {
	t.Helper()
	return files(t, dir, toCRLF)
}

// UnfoldedFiles is Files for fetchmail, which breaks lines longer than 8 KiB,
// with a NUL and octets of its memory before the line end: they do not count.
func UnfoldedFiles(t testing.TB, dir string) []string {
	t.Helper()
	return files(t, dir, func(text []byte) []byte { return brokenLine.ReplaceAll(text, nil) })
}

var brokenLine = regexp.MustCompile(`\x00[^\n]*\n|[\r\n]+`)

func files(t testing.TB, dir string, normal func([]byte) []byte) []string {
	t.Helper()
	var hashes []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		hashes = append(hashes, Hash(normal(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(hashes)
	return hashes
}

func toCRLF(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}
