package explain_test

import (
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/pop3"
)

// TestPOP3Details holds what is said of capabilities, each with its arguments.
func TestPOP3Details(t *testing.T) {
	e := &event.Event{Context: &event.Context{Proto: event.POP3}, Kind: event.KindResponse, Code: "SYS/TEMP", Data: &pop3.Capabilities{Capabilities: []pop3.Entry{
		{Name: "TOP"}, {Name: "LOGIN-DELAY", Args: []string{"900", "USER"}}, {Name: "EXPIRE", Args: []string{"NEVER"}},
		{Name: "EXPIRE", Args: []string{"0"}}, {Name: "SASL", Args: []string{"PLAIN", "XOAUTH2"}}, {Name: "XFOO"}, {Name: "FOO\x1b"},
	}}}
	want := []explain.Detail{
		{Name: "SYS/TEMP", Meaning: "the server has a problem that will pass: not the password", RFC: "RFC 3206 §4"},
		{Name: "TOP", Meaning: "headers can be looked at without downloading messages (TOP)", RFC: "RFC 2449 §6.1"},
		{Name: "LOGIN-DELAY 900 USER", Meaning: "15 minutes have to pass between two logins, for some users", RFC: "RFC 2449 §6.5"},
		{Name: "EXPIRE NEVER", Meaning: "the server keeps messages until they are deleted", RFC: "RFC 2449 §6.7"},
		{Name: "EXPIRE 0", Meaning: "the server does not keep messages that were downloaded", RFC: "RFC 2449 §6.7"},
		{Name: "SASL PLAIN XOAUTH2", Meaning: "logins with AUTH, by PLAIN and XOAUTH2", RFC: "RFC 2449 §6.3"},
		{Name: "XFOO", Meaning: "an extension without a standard", RFC: "RFC 2449 §6"},
		{Name: `FOO\x1b`, Meaning: "not known here"},
	}
	got := explain.Details(e)
	if len(got) != len(want) {
		t.Fatalf("%d details, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("detail %d = %+v, want %+v", i, got[i], want[i])
		}
	}
}
