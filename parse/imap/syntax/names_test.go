package syntax

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRegistry holds the tables against the registries: nothing is missing
// silently, and each name stands once and says something.
func TestRegistry(t *testing.T) {
	for _, tt := range []struct {
		file  string
		table Terms
	}{
		{"imap-capabilities.tsv", CapabilityNames}, {"imap-commands.tsv", Commands}, {"imap-fetch-items.tsv", FetchItems},
		{"imap-flags-keywords.tsv", Flags}, {"imap-mailbox-attributes.tsv", MailboxAttributes}, {"imap-notify-events.tsv", NotifyEvents},
		{"imap-response-codes.tsv", ResponseCodes}, {"imap-responses.tsv", Responses}, {"imap-search-keys.tsv", SearchKeys},
		{"imap-sort-thread.tsv", append(append(Terms{}, SortKeys...), ThreadAlgorithms...)}, {"imap-status-items.tsv", StatusItems},
		{"imap-acl-rights.tsv", Rights},
	} {
		t.Run(tt.file, func(t *testing.T) {
			seen := map[string]bool{}
			for _, term := range tt.table {
				if seen[term.Name] || term.RFC == "" || term.Meaning == "" {
					t.Errorf("%q stands twice, or says nothing", term.Name)
				}
				seen[term.Name] = true
			}
			for _, name := range registry(t, tt.file) {
				if !seen[name] {
					t.Errorf("%q is missing", name)
				}
			}
		})
	}
}

// registry reads the names of one registry; the test is skipped where it is absent.
func registry(t *testing.T, file string) (names []string) {
	t.Helper()
	f, err := os.Open(filepath.Join("../../../../shared/registry", file))
	if err != nil {
		t.Skipf("the registries are not here: %v", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, _, _ := strings.Cut(lines.Text(), "\t")
		if name != "name" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatalf("%s has no name", file)
	}
	return names
}

// TestTablesAndRules holds that what the tables name has a rule: a command, a
// response, a search key, a response code.
func TestTablesAndRules(t *testing.T) {
	for _, term := range Commands {
		if _, ok := commands[term.Name]; !ok && term.Name != "DONE" && term.Name != "X-ATOM" {
			t.Errorf("command %s has no rule", term.Name)
		}
	}
	for _, term := range Responses {
		name := strings.TrimPrefix(strings.TrimPrefix(term.Name, "n "), "u ")
		r := Response(whole("* " + name + "\r\n"))
		if r.Name == name && r.Err == nil && r.Data == nil && name != "+" {
			t.Errorf("response %s has no rule", name)
		}
	}
	for _, term := range SearchKeys {
		_, ok := searchKeys[term.Name]
		if !ok && !strings.HasPrefix(term.Name, "RETURN ") && strings.Trim(term.Name, "$(. )") != "" && term.Name != "sequence-set" && term.Name != "CHARSET" {
			t.Errorf("search key %s has no rule", term.Name)
		}
	}
	for _, term := range ResponseCodes {
		if _, ok := codes[term.Name]; !ok {
			t.Errorf("response code %s has no rule", term.Name)
		}
	}
}

// TestSections holds that the sections of RFC 9051 which the tables name are there.
func TestSections(t *testing.T) {
	raw, err := os.ReadFile("../../../../shared/rfc/rfc9051.txt")
	if err != nil {
		t.Skipf("the RFC is not here: %v", err)
	}
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(\d[\d.]*)\.  \S`).FindAllStringSubmatch(string(raw), -1) {
		headings[m[1]] = true
	}
	for _, table := range []Terms{CapabilityNames, Commands, Responses, ResponseCodes, FetchItems, Flags, StatusItems, SearchKeys, MailboxAttributes} {
		for _, term := range table {
			if section, ok := strings.CutPrefix(term.RFC, "RFC 9051 §"); ok && !headings[section] {
				t.Errorf("%s: RFC 9051 has no section %s", term.Name, section)
			}
		}
	}
}
