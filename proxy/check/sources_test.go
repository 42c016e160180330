package check

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/proxy/mailserver"
)

const wellKnown = "example.test/.well-known/autoconfig/mail/config-v1.1.xml"

// good is a domain with one server for IMAP and one for POP3.
func good(l *lab) (imaps, pop3s int) {
	config := l.cert(90*days, "mail.example.test")
	imaps, pop3s = l.imap(mailserver.Implicit, config), l.pop3(mailserver.Implicit, config)
	l.zone(`mail.example.test. A 127.0.0.1
		example.test. A 127.0.0.1
		autodiscover.example.test. A 127.0.0.1`)
	return imaps, pop3s
}

func TestSources(t *testing.T) {
	srv := func(l *lab, label, host string, port int) {
		l.zone("%s._tcp.example.test. SRV 0 1 %d %s", label, port, host)
	}
	tests := []struct {
		name string
		make func(l *lab, imaps, pop3s int)
		want []string
		says string // what the text has
	}{
		{"well-known autoconfig", func(l *lab, imaps, pop3s int) {
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"}, server{"pop3", "mail.%EMAILDOMAIN%", pop3s, "SSL", "password-cleartext"})
		}, nil, "/.well-known/autoconfig/mail/config-v1.1.xml imaps://mail.example.test:"},
		{"Autodiscover", func(l *lab, imaps, pop3s int) {
			l.pages["autodiscover.example.test/autodiscover/autodiscover.xml"] = discoverXML(fmt.Sprintf(
				`<Protocol><Type>IMAP</Type><Server>mail.example.test</Server><Port>%d</Port><SSL>on</SSL><LoginName>alice</LoginName></Protocol>
				<Protocol><Type>POP3</Type><Server>mail.example.test</Server><Port>%d</Port><Encryption>SSL</Encryption></Protocol>`, imaps, pop3s))
		}, nil, "user name              alice"},
		{"Autodiscover redirects", func(l *lab, imaps, _ int) {
			l.pages["autodiscover.example.test/autodiscover/autodiscover.xml"] = discoverXML("<Action>redirectUrl</Action><RedirectUrl>https://example.test/else.xml</RedirectUrl>")
			l.pages["example.test/else.xml"] = discoverXML(fmt.Sprintf(`<Protocol><Type>IMAP</Type><Server>mail.example.test</Server><Port>%d</Port></Protocol>`, imaps))
		}, nil, "https://example.test/else.xml"},
		{"a host by SRV that is not there", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "gone.example.test.", 993)
		}, []string{"net.name"}, "gone.example.test: the name has no address; it is named by DNS SRV"},
		{"a port by SRV that is closed", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "mail.example.test.", l.closed())
		}, []string{"net.refused"}, "there is no server that a mail client could use"},
		{"SRV says that there is none", func(l *lab, imaps, pop3s int) {
			srv(l, "_imaps", "mail.example.test.", imaps)
			srv(l, "_pop3s", ".", 0)
		}, nil, "pop3s is not offered, says the record"},
		{"sources disagree, one is dead", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "mail.example.test.", imaps)
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", l.closed(), "SSL", "password-cleartext"})
		}, []string{"check.sources-disagree", "net.refused"}, "DNS SRV says imaps://mail.example.test:"},
		{"sources disagree, both work", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "mail.example.test.", imaps)
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", l.imap(mailserver.Implicit, l.cert(90*days, "mail.example.test")), "SSL", "password-cleartext"})
		}, nil, "info  check.sources-disagree"},
		{"autoconfig says STARTTLS on the TLS port", func(l *lab, imaps, _ int) {
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", imaps, "STARTTLS", "password-cleartext"})
		}, []string{"tls.port.plain-on-tls"}, "expects TLS from the first byte"},
		{"autoconfig says no encryption", func(l *lab, _, pop3s int) {
			l.pages[wellKnown] = configXML(server{"pop3", "mail.example.test", l.pop3(mailserver.Clear, nil), "plain", "password-cleartext"})
		}, []string{"check.source-cleartext", "starttls.not-offered"}, "not encrypted"},
		{"autoconfig says OAuth2, the server has none", func(l *lab, imaps, _ int) {
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", imaps, "SSL", "OAuth2"})
		}, []string{"check.source-auth"}, "which offers PLAIN, command LOGIN"},
		{"autoconfig is cut", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "mail.example.test.", imaps)
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", imaps, "SSL", ""})[:300]
		}, []string{"check.source-broken"}, "it cannot be read: XML syntax error"},
		{"autoconfig has no such port", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "mail.example.test.", imaps)
			l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", 99999, "SSL", ""})
		}, []string{"check.source-broken"}, `"99999" is no port`},
		{"a page for people", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "mail.example.test.", imaps)
			l.pages[wellKnown] = "<!DOCTYPE html><html><body>Welcome</body></html>"
		}, nil, "a web page, not a configuration"},
		{"what is published is dead, and a usual name works", func(l *lab, imaps, _ int) {
			srv(l, "_imaps", "gone.example.test.", imaps)
		}, []string{"net.name"}, "IMAP at mail.example.test"},
		{"nothing at all", func(l *lab, _, _ int) { delete(l.records, "mail.example.test."); l.records["example.test."] = nil },
			[]string{"check.no-server"}, "none of imap., pop., mail."},
		{"no such domain", func(l *lab, _, _ int) { clear(l.records) }, []string{"net.name"}, "there is no domain example.test"},
		{"no name server", func(l *lab, _, _ int) { l.dns = fmt.Sprintf("127.0.0.1:%d", l.closed()) }, []string{"net.name"}, "names cannot be looked up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			imaps, pop3s := good(l)
			tt.make(l, imaps, pop3s)
			r := l.ask(domain, Options{Ports: l.table(map[bool]int{true: imaps}[strings.HasSuffix(tt.name, "a usual name works")], 0, 0, 0)})
			wantFindings(t, r, tt.want...)
			if got := text(t, r); !strings.Contains(flat(got), flat(tt.says)) {
				t.Errorf("%q is not in:\n%s", tt.says, got)
			}
		})
	}
}

// The record with the lowest priority is the first, the heaviest of those; one
// that is dead is told of, and the next one used.
func TestSRVOrder(t *testing.T) {
	for _, tt := range []struct {
		name  string
		order []string // PRIORITY WEIGHT WHICH
		want  string
		ids   []string
	}{
		{"by priority", []string{"20 9 b", "10 1 a"}, "a", nil},
		{"by weight", []string{"10 1 b", "10 9 a"}, "a", nil},
		{"the first is dead", []string{"20 1 b", "10 1 dead"}, "b", []string{"net.refused"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			config := l.cert(90*days, "a.example.test", "b.example.test")
			ports := map[string]int{"a": l.imap(mailserver.Implicit, config), "b": l.imap(mailserver.Implicit, config), "dead": l.closed()}
			for host := range ports {
				l.zone("%s.example.test. A 127.0.0.1", host)
			}
			for _, record := range tt.order {
				f := strings.Fields(record)
				l.zone("_imaps._tcp.example.test. SRV %s %s %d %s.example.test.", f[0], f[1], ports[f[2]], f[2])
			}
			r := l.ask(domain, Options{})
			wantFindings(t, r, tt.ids...)
			if len(r.Settings) != 1 || r.Settings[0].Server != tt.want+".example.test" {
				t.Errorf("settings are %+v, want %s", r.Settings, tt.want)
			}
		})
	}
}

// The forms of the user name that sources have, with an address and without.
func TestUserForms(t *testing.T) {
	for _, tt := range []struct{ form, target, want string }{
		{"%EMAILADDRESS%", address, "alice@example.test"},
		{"%EMAILLOCALPART%", address, "alice"},
		{"%EMAILLOCALPART%.%EMAILDOMAIN%", address, "alice.example.test"},
		{"%EMAILADDRESS%", domain, "the whole mail address"},
		{"%EMAILLOCALPART%", domain, "what stands before the @ of the address"},
		{"u\x1b[31m", domain, `u\x1B[31m`},
	} {
		l := newLab(t)
		imaps, _ := good(l)
		l.pages[wellKnown] = strings.ReplaceAll(configXML(server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"}), "%EMAILADDRESS%", strings.ReplaceAll(tt.form, "\x1b", "&#155;"))
		r := l.ask(tt.target, Options{})
		if got := flat(text(t, r)); len(r.Settings) != 1 || strings.Contains(tt.form, "%") && !strings.Contains(got, "user name "+tt.want) || strings.ContainsRune(got, 0x9b) {
			t.Errorf("%s for %s: settings are %+v", tt.form, tt.target, r.Settings)
		}
	}
}

// Over http anybody on the way can change what is published; where https has the
// same it does not matter.
func TestAutoconfigOverHTTP(t *testing.T) {
	l := newLab(t)
	imaps, _ := good(l)
	l.zone("autoconfig.example.test. A 127.0.0.1")
	clear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			t.Errorf("the query %q goes over http", r.URL.RawQuery)
		}
		fmt.Fprint(w, configXML(server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"}))
	}))
	defer clear.Close()
	l.ports["80"] = strings.TrimPrefix(clear.URL, "http://")
	if got := text(t, l.ask(address, Options{})); !strings.Contains(flat(got), "it comes over http, where anybody on the way can change it") {
		t.Errorf("the report is\n%s", got)
	}
	l.pages[wellKnown] = configXML(server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"})
	if got := text(t, l.ask(address, Options{})); strings.Contains(flat(got), "it comes over http") {
		t.Errorf("the report is\n%s", got)
	}
}

// flat is text without line ends.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

func discoverXML(inner string) string {
	return `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
		<Response xmlns="` + outlookResponse + `"><Account><AccountType>email</AccountType>` + inner + `</Account></Response></Autodiscover>`
}

// Where nothing is published the usual names and ports are tried, and what is
// wrong with one of them is by the way where another works.
func TestCommonNames(t *testing.T) {
	l := newLab(t)
	imaps := l.imap(mailserver.Implicit, l.cert(90*days, "imap.example.test"))
	pop3 := l.pop3(mailserver.Required, l.cert(90*days, "imap.example.test", "mail.example.test"))
	l.zone("imap.example.test. A 127.0.0.1\nmail.example.test. A 127.0.0.1\nexample.test. A 127.0.0.1")
	r := l.ask(address, Options{Ports: l.table(imaps, 0, 0, pop3), User: address, Password: password})
	wantFindings(t, r)
	if len(r.Settings) != 2 || r.Settings[0].Server != "imap.example.test" || r.Settings[1].Server != "mail.example.test" || r.Settings[1].Security != "STARTTLS" {
		t.Errorf("settings are %+v", r.Settings)
	}
	if f := theFinding(t, r, "tls.name-mismatch"); f.severity != event.SeverityInfo {
		t.Errorf("a guess with a bad certificate is %s, want info", f.Severity)
	}
}

// The ISPDB is read from a file or a directory, by the domain or by that of
// its mail exchanger.
func TestISPDB(t *testing.T) {
	l := newLab(t)
	imaps, _ := good(l)
	dir := t.TempDir()
	xml := configXML(server{"imap", "mail.example.test", imaps, "SSL", "password-cleartext"})
	file := filepath.Join(dir, "some.xml")
	for _, tt := range []struct {
		place, domain, xml string
		mx                 bool
	}{
		{file, domain, xml, false}, {dir, domain, xml, false},
		{dir, "customer.test", xml, true},
	} {
		if err := os.WriteFile(file, []byte(tt.xml), 0o600); err != nil {
			t.Fatal(err)
		}
		if tt.mx {
			l.zone("customer.test. MX 10 mx.example.test.")
		}
		r := l.ask(tt.domain, Options{ISPDB: tt.place})
		wantFindings(t, r)
		if s := l.source(r, "ISPDB"); len(s.Offers) != 1 || s.Where != file {
			t.Errorf("%s, %s: ISPDB says %+v", tt.place, tt.domain, s)
		}
	}
	if s := l.source(l.ask("stranger.test", Options{ISPDB: dir}), "ISPDB"); s.Note != "it has no entry for stranger.test" {
		t.Errorf("ISPDB says %+v", s)
	}
}

func (l *lab) source(r *Report, name string) Source {
	l.t.Helper()
	for _, s := range r.Sources {
		if s.Name == name {
			return s
		}
	}
	l.t.Fatalf("there is no source %s", name)
	return Source{}
}

// --no-lookup asks neither the web nor for SRV records.
func TestNoLookup(t *testing.T) {
	l := newLab(t)
	imaps, _ := good(l)
	l.zone("_imaps._tcp.example.test. SRV 0 1 %d gone.example.test.", imaps)
	r := l.ask(domain, Options{NoLookup: true, Ports: l.table(imaps, 0, 0, 0)})
	wantFindings(t, r)
	for _, s := range r.Sources {
		if s.Name != "common names" {
			t.Errorf("%s was asked", s.Name)
		}
	}
}
