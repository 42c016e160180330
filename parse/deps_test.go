package parse

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// policy says what the files below a folder may not import. Do not change it
// to mend a build: it is the design. Test files may import what they like.
var policy = []struct {
	folder    string
	forbidden []string
	but       []string // folders that are free of this rule
}{
	{folder: "parse", forbidden: []string{"net", "os", "crypto/tls", "log", "mailtap/proxy", "mailtap/captures", "mailtap/view", "mailtap/cmd"}},
	{folder: "parse/event", forbidden: []string{"mailtap"}},
	{folder: "parse/imap", forbidden: []string{"mailtap/parse/pop3", "mailtap/parse/explain", "mailtap/parse/finding", "mailtap/parse/behaviour"}},
	{folder: "parse/pop3", forbidden: []string{"mailtap/parse/imap", "mailtap/parse/explain", "mailtap/parse/finding", "mailtap/parse/behaviour"}},
	{folder: "proxy", forbidden: []string{"mailtap/captures", "mailtap/view", "mailtap/cmd"}},
	{folder: "captures", forbidden: []string{"mailtap/proxy", "mailtap/view", "mailtap/cmd", "net", "crypto/tls"}},
	{folder: "view", forbidden: []string{"mailtap/proxy", "mailtap/captures", "mailtap/cmd", "net", "crypto/tls"}},
	{folder: ".", forbidden: []string{"github.com/gdamore/tcell"}, but: []string{"view", "cmd"}},
	{folder: ".", forbidden: []string{"github.com/spf13/cobra"}, but: []string{"cmd"}},
	{folder: ".", forbidden: []string{"github.com/rs/zerolog"}, but: []string{"cmd", "proxy"}},
}

// TestImports holds every file against the policy. It parses the files itself:
// what `go list` says is cached with the test's result.
func TestImports(t *testing.T) {
	root := ".."
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			for _, rule := range policy {
				if applies(folder, rule.folder, rule.but) && forbidden(imported, rule.forbidden) {
					t.Errorf("%s imports %q, which nothing below %q may", path, imported, rule.folder)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no file was looked at")
	}
}

func applies(folder, rule string, but []string) bool {
	if within(folder, but) {
		return false
	}
	return rule == "." || within(folder, []string{rule})
}

// forbidden reports whether an import is one of paths, or below one that is
// not of the standard library: net/netip has no sockets, net does.
func forbidden(imported string, paths []string) bool {
	for _, p := range paths {
		module := strings.HasPrefix(p, "mailtap") || strings.Contains(p, ".")
		if imported == p || module && strings.HasPrefix(imported, p+"/") {
			return true
		}
	}
	return false
}

// within reports whether path is one of paths or below one.
func within(path string, paths []string) bool {
	for _, p := range paths {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}
