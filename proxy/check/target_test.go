package check

import (
	"fmt"
	"strings"
	"testing"

	"mailtap/proxy/mailserver"
)

func TestParseTarget(t *testing.T) {
	tests := []struct{ text, address, domain, host, wrong string }{
		{text: "alice@example.org", address: "alice@example.org", domain: "example.org"},
		{text: `"a@b"@Example.org`, address: `"a@b"@example.org`, domain: "example.org"},
		{text: "example.org", domain: "example.org"},
		{text: "example.org.", domain: "example.org"},
		{text: "bücher.example", domain: "xn--bcher-kva.example"},
		{text: "alice@localhost", address: "alice@localhost", host: "localhost"},
		{text: "127.0.0.1", host: "127.0.0.1"},
		{text: "::1", host: "::1"},
		{text: "[::1]:993", host: "::1"},
		{text: "mail.example.org:993", host: "mail.example.org"},
		{text: "imaps://mail.example.org", host: "mail.example.org"},
		{text: "pop3://mail.example.org:1110?name=x.example", host: "mail.example.org"},
		{text: "", wrong: "names no server"},
		{text: "@example.org", wrong: "is no mail address"},
		{text: "alice@example.org:993", wrong: "is no mail address"},
		{text: "mail.example.org:0", wrong: "a port is a number"},
		{text: "mail.example.org/x", wrong: "names no server"},
		{text: "a b", wrong: "names no server"},
		{text: "smtp://mail.example.org", wrong: "smtp"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.text)
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("ParseTarget(%q) fails with %v, want %q", tt.text, err, tt.wrong)
			}
			continue
		}
		if err != nil || got.Address != tt.address || got.Domain != tt.domain || got.Host != tt.host {
			t.Errorf("ParseTarget(%q) = %+v, %v", tt.text, got, err)
		}
	}
}

// A port that may be anything is asked what it is.
func TestAnyPort(t *testing.T) {
	l := newLab(t)
	config := l.cert(90*days, "mail.example.test")
	l.zone("mail.example.test. A 127.0.0.1")
	for want, port := range map[string]int{
		"IMAP SSL/TLS":  l.imap(mailserver.Implicit, config),
		"IMAP STARTTLS": l.imap(mailserver.Required, config),
		"POP3 SSL/TLS":  l.pop3(mailserver.Implicit, config),
		"POP3 STARTTLS": l.pop3(mailserver.Required, config),
	} {
		r := l.ask(fmt.Sprintf("mail.example.test:%d", port), Options{})
		wantFindings(t, r)
		if len(r.Settings) != 1 || r.Settings[0].Protocol+" "+r.Settings[0].Security != want {
			t.Errorf("settings are %+v, want %s", r.Settings, want)
		}
	}
}
