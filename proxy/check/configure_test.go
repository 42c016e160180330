package check

import (
	"crypto/x509"
	"encoding/pem"
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// configured is a report of a good domain.
func configured(t *testing.T, l *lab) (*Report, map[string]int) {
	t.Helper()
	imaps, pop3s := good(l)
	l.zone(`_imaps._tcp.example.test. SRV 0 1 %d mail.example.test.
		_pop3s._tcp.example.test. SRV 0 1 %d mail.example.test.
		_submissions._tcp.example.test. SRV 0 1 465 smtp.example.test.`, imaps, pop3s)
	r := l.ask(address, Options{})
	wantFindings(t, r)
	return r, map[string]int{"IMAPS": imaps, "POP3S": pop3s}
}

func TestConfigure(t *testing.T) {
	l := newLab(t)
	r, ports := configured(t, l)
	for form := range forms {
		data, err := r.Configure(form, Via{})
		if err != nil {
			t.Fatal(err)
		}
		if err := wellFormed(data); err != nil {
			t.Errorf("%s: %v", form, err)
		}
		golden(t, form+".xml", string(data), ports)
	}
}

// A provider that takes OAuth2 says so in the form that has a word for it; where
// it takes nothing else the other forms are not written.
func TestConfigureOAuth2(t *testing.T) {
	r := &Report{Domain: domain, Address: address, Settings: []Setting{{Server: "mail.example.test", Port: 993, Authentication: authOAuth2, endpoint: route.Endpoint{Proto: event.IMAP}}}}
	for form := range forms {
		data, err := r.Configure(form, Via{})
		if form != "autoconfig" {
			if err == nil || !strings.Contains(err.Error(), "takes OAuth2 only") {
				t.Errorf("%s: %v", form, err)
			}
			continue
		}
		if got := string(data); err != nil || !strings.Contains(got, "<authentication>OAuth2</authentication>") || strings.Contains(got, "password-cleartext") {
			t.Errorf("%s: %v\n%s", form, err, got)
		}
	}
	r.Settings[0].Authentication = authOAuth2 + ", or Normal password where the provider allows it"
	data, err := r.Configure("autoconfig", Via{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "<authentication>OAuth2</authentication>\n      <authentication>password-cleartext</authentication>"; !strings.Contains(string(data), want) {
		t.Errorf("%q is not in\n%s", want, data)
	}
}

func wellFormed(data []byte) error {
	d := xml.NewDecoder(strings.NewReader(string(data)))
	for {
		if _, err := d.Token(); err != nil {
			if err.Error() == "EOF" {
				return nil
			}
			return err
		}
	}
}

// Through mailtap the clients get its address, its port, and its CA.
func TestConfigureVia(t *testing.T) {
	l := newLab(t)
	r, _ := configured(t, l)
	text, err := os.ReadFile(l.authority.File)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := route.ParseAll([]string{"imap+starttls://192.0.2.7:1143=imaps://mail.example.test"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.Configure("autoconfig", Via{Routes: routes, CA: cert})
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	for _, want := range []string{"<hostname>192.0.2.7</hostname>", "<port>1143</port>", "<socketType>STARTTLS</socketType>", "through mailtap"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "pop3") {
		t.Errorf("POP3 has no route, and is in:\n%s", got)
	}
	data, err = r.Configure("mobileconfig", Via{Routes: routes, CA: cert})
	if err != nil || !strings.Contains(string(data), "com.apple.security.root") {
		t.Errorf("the profile has no CA (%v):\n%s", err, data)
	}
	everywhere, err := route.ParseAll([]string{"*:1993=imaps://mail.example.test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Configure("autoconfig", Via{Routes: everywhere}); err == nil {
		t.Error("a listener without an address is written into a client's settings")
	}
}

// What check writes as autoconfig and as Autodiscover it reads back as the same servers.
func TestConfigureRoundTrip(t *testing.T) {
	l := newLab(t)
	r, _ := configured(t, l)
	for form, read := range map[string]func([]byte, *Source) error{
		"autoconfig":   func(data []byte, s *Source) error { return readAutoconfig(data, domain, s) },
		"autodiscover": func(data []byte, s *Source) error { _, err := readAutodiscover(data, s); return err },
	} {
		data, err := r.Configure(form, Via{})
		if err != nil {
			t.Fatal(err)
		}
		var s Source
		if err := read(data, &s); err != nil || len(s.Offers) != 2 || s.Note != "" || len(s.Submission) != 1 {
			t.Fatalf("%s: %v, %+v", form, err, s)
		}
		for i, o := range s.Offers {
			if o.endpoint != r.Settings[i].endpoint {
				t.Errorf("%s: %v, want %v", form, o.endpoint, r.Settings[i].endpoint)
			}
		}
	}
}

// What a hostile server or file says stays XML and text in what is written.
func TestConfigureEscapes(t *testing.T) {
	r := &Report{Domain: "example.test", Address: `"<&'` + "\x1b" + `"@example.test`, Settings: []Setting{{
		Server: "a<b", User: "<&\x00>", endpoint: route.Endpoint{Proto: event.IMAP}}}}
	for form := range forms {
		data, err := r.Configure(form, Via{})
		if err != nil {
			t.Fatal(err)
		}
		if err := wellFormed(data); err != nil {
			t.Errorf("%s: %v in:\n%s", form, err, data)
		}
	}
}

// Whatever the web says, nothing breaks, and no control reaches a report.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte(configXML(server{"imap", "mail.example.test", 993, "SSL", "OAuth2"})))
	f.Add([]byte(discoverXML("<Protocol><Type>POP3</Type><Server>h\x9b</Server><Port>995</Port></Protocol>")))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, discover := Source{Name: "a"}, Source{Name: "b"}
		if err := readAutoconfig(data, domain, &config); err != nil {
			config.flaw("%v", err)
		}
		if _, err := readAutodiscover(data, &discover); err != nil {
			discover.flaw("%v", err)
		}
		got := text(t, &Report{Sources: []Source{config, discover}})
		if strings.ContainsFunc(got, func(r rune) bool { return r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("a control is in %q", got)
		}
	})
}
