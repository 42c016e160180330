package check

import (
	"testing"

	"mailtap/proxy/mailserver"
)

// A domain that publishes SRV records and an autoconfig file which agree, and
// whose servers are as they should be.
func TestHealthyDomain(t *testing.T) {
	l := newLab(t)
	config := l.cert(90*days, "mail.example.test")
	imaps, pop3s := l.imap(mailserver.Implicit, config), l.pop3(mailserver.Implicit, config)
	imap := l.imap(mailserver.Required, config)
	l.zone(`mail.example.test. A 127.0.0.1
		autoconfig.example.test. A 127.0.0.1
		_imaps._tcp.example.test. SRV 0 1 %d mail.example.test.
		_imap._tcp.example.test. SRV 10 1 %d mail.example.test.
		_pop3s._tcp.example.test. SRV 0 1 %d mail.example.test.
		_submissions._tcp.example.test. SRV 0 1 465 smtp.example.test.`, imaps, imap, pop3s)
	l.pages["autoconfig.example.test/mail/config-v1.1.xml"] = configXML(
		server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"}, server{"pop3", "mail.example.test", pop3s, "SSL", "password-cleartext"})
	r := l.ask(address, Options{User: address, Password: password})
	wantFindings(t, r)
	if len(r.Settings) != 2 || !r.Settings[0].Tried || !r.Settings[1].Tried {
		t.Errorf("settings are %+v", r.Settings)
	}
	golden(t, "healthy.txt", text(t, r), map[string]int{"IMAPS": imaps, "IMAP": imap, "POP3S": pop3s})
}
