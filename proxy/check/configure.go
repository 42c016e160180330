package check

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"text/template"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// Via sends clients through mailtap's listeners in place of the servers.
type Via struct {
	Routes []route.Route
	CA     *x509.Certificate // what clients have to trust then
}

// Configures reports whether Configure knows the form.
func Configures(form string) bool { return forms[form] != nil }

// forms are the files that set clients up: Mozilla's autoconfig 1.1, Apple's
// configuration profile, and Autodiscover's answer.
var forms = map[string]*template.Template{
	"autoconfig":   form("autoconfig", autoconfigForm),
	"mobileconfig": form("mobileconfig", mobileconfigForm),
	"autodiscover": form("autodiscover", autodiscoverForm),
}

// client is what a form is filled with.
type client struct {
	Domain, Address string
	Incoming        []incoming
	Outgoing        *outgoing // nil where no server for sending is known
	CA              string    // base64, "" for none
	Via             bool
}

// incoming is a server to read mail from, as a form writes it.
type incoming struct {
	Setting
	Type   string   // imap, pop3
	Socket string   // SSL, STARTTLS, plain
	Auth   []string // password-cleartext, password-encrypted, OAuth2: the best first
	Name   string   // the user, or a placeholder
}

// outgoing is a server to send mail to.
type outgoing struct {
	Host   string
	Port   string
	Socket string
}

// Configure writes the settings as the file that sets clients up.
func (r *Report) Configure(form string, via Via) ([]byte, error) {
	if len(r.Settings) == 0 {
		return nil, errors.New("there is no server that clients could be set up for")
	}
	c := client{Domain: r.Domain, Address: r.Address, Outgoing: r.outgoing(), Via: len(via.Routes) > 0}
	if c.Domain == "" {
		c.Domain = r.Settings[0].Server
	}
	for _, s := range r.Settings {
		if s.Authentication == authOAuth2 && form != "autoconfig" {
			return nil, fmt.Errorf("%s takes OAuth2 only, which this form cannot say: autoconfig can", s.Server)
		}
		s, ok, err := via.through(s)
		if err != nil {
			return nil, err
		}
		if ok {
			c.Incoming = append(c.Incoming, r.incoming(s, form))
		}
	}
	if len(c.Incoming) == 0 {
		return nil, errors.New("no route of --via has a protocol that was found")
	}
	if c.Via && via.CA != nil {
		c.CA = base64.StdEncoding.EncodeToString(via.CA.Raw)
	}
	var b bytes.Buffer
	if err := forms[form].Execute(&b, c); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// through is a setting by way of a route: false where there are routes, and
// none for its protocol.
func (v Via) through(s Setting) (Setting, bool, error) {
	if len(v.Routes) == 0 {
		return s, true, nil
	}
	i := slices.IndexFunc(v.Routes, func(r route.Route) bool {
		return r.Upstream.Proto == s.endpoint.Proto && strings.EqualFold(r.Upstream.Host, s.endpoint.Host)
	})
	if i < 0 {
		i = slices.IndexFunc(v.Routes, func(r route.Route) bool { return r.Upstream.Proto == s.endpoint.Proto })
	}
	if i < 0 {
		return s, false, nil
	}
	listen := v.Routes[i].Listen
	if listen.All || listen.Host == "" || listen.Port == 0 {
		return s, false, fmt.Errorf("--via %s: clients need an address and a port that they can connect to; write it as imaps://192.0.2.7:1993=%s", v.Routes[i].Listen, v.Routes[i].Upstream)
	}
	s.endpoint, s.Server, s.Port, s.Security = listen, listen.Host, listen.Port, listen.Mode.String()
	return s, true, nil
}

func (r *Report) incoming(s Setting, form string) incoming {
	in := incoming{Setting: s, Type: s.endpoint.Proto.String(), Name: s.User}
	in.Socket = map[route.Mode]string{route.Implicit: "SSL", route.StartTLS: "STARTTLS", route.Cleartext: "plain"}[s.endpoint.Mode]
	if strings.HasPrefix(s.Authentication, authOAuth2) {
		in.Auth = append(in.Auth, "OAuth2")
	}
	switch {
	case s.Authentication == authOAuth2:
	case s.Authentication == authEncrypted:
		in.Auth = append(in.Auth, "password-encrypted")
	default:
		in.Auth = append(in.Auth, "password-cleartext")
	}
	if form != "autoconfig" { // which alone has placeholders, and is for all users
		return in
	}
	in.Name = "%EMAILADDRESS%"
	if local, _, _ := strings.Cut(r.Address, "@"); local != "" && s.User == local || strings.HasPrefix(s.UserForm, "what stands before") {
		in.Name = "%EMAILLOCALPART%"
	}
	return in
}

// outgoing is the first server for sending that a source names.
func (r *Report) outgoing() *outgoing {
	for _, s := range r.Sources {
		for _, text := range s.Submission {
			u, err := url.Parse(text)
			if err != nil || u.Hostname() == "" {
				continue
			}
			out := &outgoing{Host: u.Hostname(), Port: u.Port(), Socket: "STARTTLS"}
			if u.Scheme == "submissions" {
				out.Socket = "SSL"
			}
			return out
		}
	}
	return nil
}

func form(name, text string) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{"x": escape, "uuid": uuid, "title": protoTitle}).Parse(text))
}

// escape is text inside XML.
func escape(value any) string {
	var b bytes.Buffer
	xml.EscapeText(&b, fmt.Append(nil, value)) // writing to a Buffer cannot fail
	return b.String()
}

func protoTitle(name string) string { return event.ParseProto(name).Title() }

// uuid is always the same for the same words: a profile that is installed again
// replaces the old one (RFC 9562 §5.8).
func uuid(words ...string) string {
	sum := sha256.Sum256([]byte("mailtap " + strings.Join(words, " ")))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}
