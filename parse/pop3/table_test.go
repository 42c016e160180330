package pop3

import (
	"os"
	"strings"
	"testing"
)

// TestRegistry holds the tables against the registries: nothing is missing silently.
func TestRegistry(t *testing.T) {
	tests := []struct {
		file string
		has  func(name string) bool
	}{
		{"pop3-commands.tsv", func(n string) bool { _, ok := Lookup(n); return ok }},
		{"pop3-capabilities.tsv", func(n string) bool { _, ok := Capability(n); return ok }},
		{"pop3-response-codes.tsv", func(n string) bool { _, ok := Code(n); return ok }},
	}
	for _, tt := range tests {
		data, err := os.ReadFile("../../../shared/registry/" + tt.file)
		if err != nil {
			t.Skipf("no registries: %v", err)
		}
		rows := 0
		for row := range strings.Lines(string(data)) {
			name, _, _ := strings.Cut(strings.TrimSpace(row), "\t")
			if name == "" || name == "name" {
				continue
			}
			rows++
			if !tt.has(strings.TrimSuffix(name, "*")) {
				t.Errorf("%s: %s is not in the table", tt.file, name)
			}
		}
		if rows == 0 {
			t.Errorf("%s has no rows", tt.file)
		}
	}
}

// TestRows checks that each row can be explained and that its numbers fit.
func TestRows(t *testing.T) {
	for name, c := range commands {
		if c.Does == "" || c.Max < c.Min || c.Numbers > c.Max || c.Rest > c.Max || c.Secret > c.Max {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
