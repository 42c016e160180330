package peertest

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// binary is the mailtap that Main's tests run, built when the first one asks.
var binary struct {
	dir   string
	build func() (string, error)
}

// Main runs a package's tests and removes what they built. Call it from TestMain.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mailtap-peertest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Clients and servers wait more than they compute, so more tests than there
	// are processors run at a time.
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary.dir = dir
	binary.build = sync.OnceValues(build)
	return m.Run()
}

// Mailtap returns the path of the mailtap command, built from this module; with
// the race detector if the test has it.
func Mailtap(t testing.TB) string {
	t.Helper()
	if binary.build == nil {
		t.Fatal("TestMain does not call peertest.Main")
	}
	path, err := binary.build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	if err := readSources(root); err != nil {
		return "", err
	}
	path := filepath.Join(binary.dir, "mailtap")
	args := []string{"build", "-o", path}
	if Race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/mailtap")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building mailtap: %w\n%s", err, out)
	}
	return path, nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no go.mod above the test's directory")
}

// readSources reads every Go file of the module, for the test cache alone: it
// keeps a result as long as the files that the test itself opened are the
// same, and knows nothing of those that go build opens.
func readSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") && entry.Name() != "go.mod" {
			return nil
		}
		_, err = os.ReadFile(path)
		return err
	})
}
