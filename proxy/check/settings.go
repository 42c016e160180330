package check

import (
	"fmt"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// settle says what a client should be set to, what either protocol would mean,
// and the whole in one sentence.
func (c *checker) settle() {
	r := c.report
	r.Settings = []Setting{}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	for _, proto := range []event.Proto{event.IMAP, event.POP3} {
		if s := c.best(proto); s != nil {
			r.Settings = append(r.Settings, c.setting(s))
		}
	}
	if imap, pop := c.best(event.IMAP), c.best(event.POP3); imap != nil && pop != nil {
		r.Compare = compare(imap, pop)
	}
	r.Verdict = c.verdict()
}

// Methods in the words of settings dialogs that the forms ask for.
const (
	authOAuth2    = "OAuth2"
	authEncrypted = "Encrypted password"
)

func (c *checker) setting(s *Server) Setting {
	e := s.endpoint
	set := Setting{Protocol: e.Proto.Title(), Server: e.Host, Port: e.Port, Security: e.Mode.String(),
		Authentication: authentication(s), endpoint: e}
	set.User, set.UserForm = c.userName(s)
	set.Tried = s.Login != nil && s.Login.OK
	set.Outcome = outcome(s.Login)
	set.Password = passwordWords(s)
	if s.encrypted() && e.Mode == route.Cleartext { // it was not asked to be, and can
		set.endpoint.Mode = route.StartTLS
		set.Security = set.endpoint.Mode.String()
	}
	switch {
	case !s.encrypted():
		set.Security = route.Cleartext.String()
		set.endpoint.Mode = route.Cleartext
		set.Caveat = "nothing is encrypted: passwords and mail can be read on the way"
	case s.TLS.Problem != "":
		set.Caveat = "clients will warn: " + s.TLS.Problem
	case s.noLogin:
		set.Caveat = "the server offers no way to log in"
	case s.tokensOnly():
		set.Caveat = "this provider takes no password here: choose OAuth2 in the client; " + bearerAdvice
	case s.bearer() && !set.Tried:
		set.Caveat = "where the usual password is refused, choose OAuth2, or make an app password in the account's security settings"
	}
	return set
}

// outcome is what came of a login.
func outcome(l *Login) string {
	switch {
	case l == nil || l.Skipped != "":
		return "no login was tried"
	case l.OK:
		return "the login works"
	}
	return "the login failed: see above"
}

// passwordWords say what to type where a client asks for a password.
func passwordWords(s *Server) string {
	switch {
	case s.tokensOnly():
		return "none: the client opens the provider's login page"
	case s.noLogin:
		return ""
	case s.bearer() && !(s.Login != nil && s.Login.OK):
		return "the mailbox's password, or an app password"
	}
	return "the mailbox's password"
}

// authentication is the method in the words of settings dialogs.
func authentication(s *Server) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(s.Mechanisms, n) })
	}
	oauth := has("XOAUTH2", "OAUTHBEARER")
	switch {
	case has(methods["plain"]...) && oauth && !(s.Login != nil && s.Login.OK):
		return authOAuth2 + ", or Normal password where the provider allows it"
	case has(methods["plain"]...) && (s.encrypted() || !has(methods["secure"]...)):
		return "Normal password"
	case oauth:
		return authOAuth2
	case has(methods["secure"]...):
		return authEncrypted
	case has("GSSAPI"):
		return "Kerberos / GSSAPI"
	case has("NTLM"):
		return "NTLM"
	case has("EXTERNAL"):
		return "TLS certificate"
	}
	return "none that is known"
}

// userName is what stands in the field for the user name, and what is to be
// said of it where it is not certain.
func (c *checker) userName(s *Server) (name, form string) {
	if l := s.Login; l != nil {
		switch {
		case l.OK:
			return l.User, ""
		case l.Skipped == "":
			return l.User, "not certain"
		}
		return l.User, "not tried"
	}
	whole, local := c.target.Address, ""
	if whole != "" {
		local = whole[:strings.LastIndexByte(whole, '@')]
	}
	switch template := c.published(s); template {
	case "":
		if whole != "" {
			return whole, "most often"
		}
		return "", "the whole mail address, most often"
	case "%EMAILADDRESS%":
		return whole, unless(whole, "the whole mail address")
	case "%EMAILLOCALPART%":
		return local, unless(local, "what stands before the @ of the address")
	default:
		if whole == "" {
			return "", template
		}
		return strings.NewReplacer("%EMAILADDRESS%", whole, "%EMAILLOCALPART%", local, "%EMAILDOMAIN%", c.target.Domain).Replace(template), ""
	}
}

// published is the form of the user name that a source gives for a server.
func (c *checker) published(s *Server) string {
	for _, source := range c.report.Sources {
		for _, o := range source.Offers {
			if o.endpoint == s.endpoint && o.User != "" {
				return o.User
			}
		}
	}
	return ""
}

// unless is form where there is no name.
func unless(name, form string) string {
	if name != "" {
		return ""
	}
	return form
}

// verdict is the whole in one sentence.
func (c *checker) verdict() string {
	count := map[event.Severity]int{}
	for _, f := range c.report.Findings {
		count[f.severity]++
	}
	var wrong []string
	for _, s := range []event.Severity{event.SeverityError, event.SeverityWarning} {
		if n := count[s]; n == 1 {
			wrong = append(wrong, "1 "+s.String())
		} else if n > 1 {
			wrong = append(wrong, fmt.Sprintf("%d %ss", n, s))
		}
	}
	rest := "nothing is wrong"
	if len(wrong) > 0 {
		rest = strings.Join(wrong, " and ")
	}
	if f := c.report.Findings; len(f) > 0 && f[0].severity == event.SeverityError {
		rest += " (" + title(f[0].ID) + ")"
	}
	if len(c.report.Settings) == 0 {
		return "there is no server that a mail client could use: " + rest
	}
	var parts []string
	for _, set := range c.report.Settings {
		part := fmt.Sprintf("%s at %s, port %d, %s", set.Protocol, set.Server, set.Port, set.Security)
		if set.Security == route.Cleartext.String() {
			part = fmt.Sprintf("%s at %s, port %d, not encrypted", set.Protocol, set.Server, set.Port)
		}
		if set.Tried {
			part += " (login works)"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ") + ": " + rest
}
