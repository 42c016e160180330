package check

import (
	"testing"

	"mailtap/proxy/mailserver"
)

// A domain that is hosted elsewhere and publishes nothing: its mail exchanger
// leads to the hoster's settings, or to the hoster's servers. The user's address
// is not told to the hoster's web server.
func TestMailExchanger(t *testing.T) {
	for _, tt := range []struct {
		name, zone string
		page       bool
		host       string // that the server is known as
		from       string
	}{
		{"the hoster's autoconfig", "customer.test. MX 20 mx2.example.test.\ncustomer.test. MX 10 mx.example.test.\nexample.test. A 127.0.0.1", true,
			"mail.example.test", "Mozilla autoconfig of the mail exchanger"},
		{"the hoster's usual name", "customer.test. MX 10 mx.example.test.\nimap.example.test. A 127.0.0.1", false, "imap.example.test", exchangeMX},
		{"the exchanger itself", "customer.test. MX 10 mx.example.test.\nmx.example.test. A 127.0.0.1", false, "mx.example.test", exchangeMX},
		{"a domain without mail", "customer.test. MX 0 .", false, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.zone("mail.example.test. A 127.0.0.1\n%s", tt.zone)
			imaps := l.imap(mailserver.Implicit, l.cert(90*days, "mail.example.test", "imap.example.test", "mx.example.test"))
			if tt.page {
				l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"})
			}
			r := l.ask("alice@customer.test", Options{Ports: l.table(imaps, 0, 0, 0)})
			if tt.host == "" {
				wantFindings(t, r, "check.no-server")
				return
			}
			if len(r.Settings) != 1 || r.Settings[0].Server != tt.host || r.Settings[0].User != "alice@customer.test" {
				t.Fatalf("settings are %+v\n%s", r.Settings, text(t, r))
			}
			if s := l.source(r, tt.from); len(s.Offers) == 0 {
				t.Errorf("sources are %+v", r.Sources)
			}
		})
	}
}
