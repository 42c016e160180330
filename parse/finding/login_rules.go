package finding

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// classify says why a login was refused: by how the login was made, by the
// response code, by the host, then by the server's words. A refusal without
// any of these is a wrong password: that is what nearly all are.
func (w *Watch) classify(e *event.Event) report {
	for _, rule := range []func(*Watch, *event.Event, *attempt) report{inClear, byCertificate, byMechanism, byCode, byProvider, byWords, byForm} {
		if r := rule(w, e, &w.auth.try); r.id != "" {
			return r
		}
	}
	if e.Status == "BAD" && e.Code == "" && !w.auth.try.blamed(w.words(e)) {
		return report{}
	}
	return w.wrongPassword(e)
}

// inClear finds logins that the server does not take before TLS: by the code,
// by LOGINDISABLED, or by its words. A POP3 server that refuses USER itself,
// and offers STLS, wants that first.
func inClear(w *Watch, e *event.Event, a *attempt) report {
	text := w.words(e)
	refused := e.Code == "PRIVACYREQUIRED" || !w.encrypted() && (w.caps["LOGINDISABLED"] && e.For == "LOGIN" || clearWords.in(text) || stateWords.in(text) && (e.For == "USER" || e.For == "LOGIN") ||
		e.For == "USER" && w.caps != nil && w.caps["STLS"] && !w.caps["USER"])
	refused = refused || clearWords.in(text) && w.upstreamClear() && (e.Code == "" || e.Code == "AUTH")
	if !refused {
		return report{}
	}
	r := report{id: "starttls.required", evidence: w.asked(e)}
	switch {
	case w.upstreamClear():
		r.detail = "the client is inside TLS, and mailtap's connection to the server is not"
		r.advice = "this is the route's doing: let mailtap reach the server with TLS (imaps:// or imap+starttls://, pop3s:// or pop3+starttls:// as the upstream)"
	case e.For != "USER" && plaintext(a.mech) && (a.mech != "PLAIN" || a.initial || a.asked > 0):
		r.detail = "the password crossed the connection unencrypted"
	}
	return r
}

// byCertificate finds servers that let nobody log in without a client certificate.
func byCertificate(w *Watch, e *event.Event, _ *attempt) report {
	if text := w.words(e); !meet(text, certificateWords, wantingWords) {
		return report{}
	}
	return report{id: "tls.client-cert-required", detail: said(e)}
}

// said quotes the server.
func said(e *event.Event) string {
	text := e.Text
	if s, ok := e.Data.(*syntax.Status); ok && s.Text != "" {
		text = s.Text
	} else if _, after, ok := strings.Cut(text, "]"); ok && e.Code != "" {
		text = after
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "-ERR"))
	if text == "" {
		return ""
	}
	return quoting + text + `"`
}

const quoting = `the server says "`

// byMechanism finds what is wrong with how the login was made.
func byMechanism(w *Watch, e *event.Event, a *attempt) report {
	text := w.words(e)
	switch {
	case strings.HasSuffix(a.mech, "-PLUS"), a.binding && strings.HasPrefix(a.mech, "SCRAM-"):
		return report{id: "auth.channel-binding", detail: a.mech, severity: event.SeverityError}
	case !bearer(a.mech):
		return w.byMechanismOf(e, a, text)
	case a.denied != nil:
		return report{id: "auth.xoauth2.error", detail: strings.TrimPrefix(forUser(a.user)+"; "+a.why, "; "), evidence: []*event.Event{a.cmd, a.denied, e}}
	case a.fault != "":
		return report{id: "auth.xoauth2.format", detail: a.fault, also: []string{"auth.xoauth2.error"}}
	case strings.Contains(text, "sasl argument"), strings.Contains(text, "invalid argument"), e.Status == "BAD" && e.Code == "":
		return report{id: "auth.xoauth2.format"}
	case strings.ContainsAny(a.user, `\/`):
		return report{id: "auth.xoauth2.shared", detail: "the client names the user " + a.user, also: []string{"auth.xoauth2.error"}}
	case e.Code == "" || e.Code == "AUTHENTICATIONFAILED" || e.Code == "AUTH" || e.Code == "ALERT":
		if laterWords.in(text) {
			return report{}
		}
		return report{id: "auth.xoauth2.error", detail: forUser(a.user), also: []string{"auth.xoauth2.format", "auth.ms.not-connected"}}
	}
	return report{}
}

// byMechanismOf is byMechanism for what is not OAuth.
func (w *Watch) byMechanismOf(e *event.Event, a *attempt, text string) report {
	command := e.For == "AUTHENTICATE" || e.For == "AUTH"
	switch {
	case !command && unsupported(text), meet(text, basicWords, offWords) && w.provider() != microsoft:
		return report{id: "auth.mech-unusable", key: a.mech, detail: "the server does not take the password as the client sends it (" + a.mech + ")" + w.offered(), advice: w.otherMethod()}
	case command && w.unknownMechanism(e, a, text):
		return report{id: "auth.mech-unusable", key: a.mech, detail: a.mech + " is not offered by this server" + w.offered(), advice: w.otherMethod()}
	case (a.mech == "GSSAPI" || a.mech == "NTLM" || a.mech == "GSS-SPNEGO") && e.Code != "UNAVAILABLE":
		return report{id: "auth.mech-unusable", key: a.mech, detail: a.mech + " was refused" + w.offered(), also: []string{"auth.bad-credentials"}}
	case command && a.initial && (e.Status == "BAD" || a.asked > 0 && a.mech == "PLAIN" || e.Code == "" && w.proto == event.IMAP && w.caps != nil && !w.caps["SASL-IR"] && containsAny(text, []string{"syntax", "argument", "request", "command", "unexpected", "extra"})):
		return report{id: "auth.sasl-ir"}
	case e.Status == "BAD" && e.For == "LOGIN" && e.Code != "AUTHENTICATIONFAILED" && !a.blamed(text):
		return w.misquoted(a)
	}
	return report{}
}

// blamed tells whether a server blames the password of a login that is well
// formed: some do so with BAD.
func (a *attempt) blamed(text string) bool {
	return a.cmd != nil && a.cmd.Error == "" && !strings.Contains(a.shape, "not ASCII") && !strings.HasPrefix(a.shape, "the rest of the line") && meet(text, wrongWords, passwordWords)
}

// misquoted says where a LOGIN's arguments go wrong, as far as that can be
// said without the password.
func (w *Watch) misquoted(a *attempt) report {
	r := report{id: "auth.quoting"}
	switch {
	case strings.Contains(a.shape, "not ASCII"):
		return report{id: "auth.charset", detail: a.shape, also: []string{"auth.quoting"}}
	case strings.HasPrefix(a.shape, "the rest of the line"):
		r.detail = "behind the user name stands neither one word nor a whole quoted string: " + a.shape
	case a.shape != "":
		r.detail = "the password is " + a.shape
	}
	if a.cmd != nil && a.cmd.Error != "" {
		r.detail = strings.TrimPrefix(r.detail+"; "+a.cmd.Error, "; ")
	}
	return r
}

// byCode goes by what RFC 5530, RFC 2449 and RFC 3206 define.
func byCode(w *Watch, e *event.Event, a *attempt) report {
	text := w.words(e)
	switch e.Code {
	case "IN-USE":
		return report{id: "pop.in-use"}
	case "LOGIN-DELAY":
		return w.loginDelay()
	case "UNAVAILABLE", "SYS/TEMP", "INUSE", "SERVERBUG":
		switch {
		case protocolOff(text):
			return report{id: "auth.service-disabled"}
		case addressBlocked(text):
			return report{id: "auth.blocked-ip"}
		}
		return report{id: "auth.tempfail", detail: forUser(a.user)}
	case "SYS/PERM":
		if protocolOff(text) {
			return report{id: "auth.service-disabled"}
		}
		return report{id: "pop.sys-perm", also: []string{"auth.account-state", "auth.service-disabled"}}
	case "EXPIRED", "CONTACTADMIN", "AUTHORIZATIONFAILED", "NOPERM":
		if e.Code == "NOPERM" && protocolOff(text) {
			return report{id: "auth.service-disabled", also: []string{"auth.account-state"}}
		}
		return report{id: "auth.account-state", key: e.Code, detail: join(accountStates[e.Code], said(e))}
	case "WEBALERT":
		return report{id: "auth.gmail.webalert"}
	}
	return report{}
}

var accountStates = map[string]string{
	"EXPIRED":             "the account or its password has expired; renew it in the provider's web page",
	"CONTACTADMIN":        "only the administrator can say and mend it",
	"AUTHORIZATIONFAILED": "the password is right, but this user may not act as the other one",
	"NOPERM":              "this user has no right to log in here",
}

// byProvider knows what large providers mean by their refusals.
func byProvider(w *Watch, e *event.Event, a *attempt) report {
	if e.Status == "BAD" {
		return report{}
	}
	text, line := w.words(e), strings.ToLower(e.Text)
	if containsAny(line, []string{"application-specific password", "/answer/185833", "app-specific password required"}) {
		return report{id: "auth.gmail.app-password"}
	}
	if w.auth.alert != nil || containsAny(line, []string{"web login required", "log in via your web browser", "/answer/78754"}) {
		r := report{id: "auth.gmail.webalert", evidence: []*event.Event{a.cmd, w.auth.alert, e}}
		if w.auth.alert != nil {
			r.detail = urlIn(w.auth.alert.Text)
		}
		return r
	}
	silent := e.Code == "AUTHENTICATIONFAILED" || e.Code == "AUTH" || e.Code == "ALERT" || e.Code == ""
	if !silent || !plaintext(a.mech) && a.mech != "" {
		return report{}
	}
	p, meaning := w.provider(), w.meaning(e)
	switch {
	case p == microsoft && meaning == "auth.service-disabled":
		return report{id: "auth.ms.protocol-off", also: []string{"auth.ms.basic-off"}}
	case p == tencent:
		return report{id: "auth.service-disabled", also: []string{"auth.bad-credentials"}}
	case meaning != "" && meaning != "auth.bad-credentials":
		return report{}
	case p == microsoft:
		return report{id: "auth.ms.basic-off", also: []string{"auth.ms.protocol-off", "auth.bad-credentials"}, detail: forUser(a.user)}
	case p == yahoo, w.nameless() && e.Code == "AUTHENTICATIONFAILED" && text == "login invalid credentials":
		return report{id: "auth.yahoo.app-password", also: []string{"auth.bad-credentials"}, detail: forUser(a.user)}
	}
	return report{}
}

// urlIn is the first web address in a text, or "".
func urlIn(text string) string {
	i := strings.Index(text, "http")
	if i < 0 {
		return ""
	}
	url := text[i:]
	if end := strings.IndexAny(url, " ]>\")"); end >= 0 {
		url = url[:end]
	}
	return url
}

// byWords reads what the server says, where it gives no code that settles it.
func byWords(w *Watch, e *event.Event, a *attempt) report {
	if e.Status == "BAD" {
		return report{}
	}
	switch id := w.meaning(e); id {
	case "pop.login-delay":
		return w.loginDelay()
	case "auth.account-state":
		return report{id: id, detail: said(e)}
	case "auth.tempfail":
		return report{id: id, detail: forUser(a.user), also: []string{"auth.bad-credentials"}}
	case "auth.bad-credentials":
		return report{}
	case "auth.service-disabled", "auth.blocked-ip":
		return report{id: id, detail: said(e)}
	default:
		return report{id: id}
	}
}

// meaning is what the words of a refused login mean, an id or "". Where the code
// says that it is about the credentials, other reasons have to be certain: none
// of several ("invalid credentials or IMAP is disabled"), and no passing fault,
// for which there are codes.
func (w *Watch) meaning(e *event.Event) string {
	text := w.words(e)
	id := refusal(text, w.proto)
	if (e.Code == "AUTHENTICATIONFAILED" || e.Code == "AUTH") && (hedgeWords.in(text) || id == "auth.tempfail") {
		return ""
	}
	return id
}

// byForm finds what is wrong with a secret that a well-formed login sent.
func byForm(w *Watch, e *event.Event, a *attempt) report {
	if strings.Contains(a.shape, "not ASCII") && plaintext(a.mech) {
		return report{id: "auth.charset", detail: "the password is " + a.shape, also: []string{"auth.bad-credentials"}}
	}
	return report{}
}

// wrongPassword is the likeliest reason of a refusal, with what can be said of
// the user name and the password without knowing them.
func (w *Watch) wrongPassword(e *event.Event) report {
	a := &w.auth.try
	r := report{id: "auth.bad-credentials", detail: forUser(w.userOf(w.command(e)))}
	user := w.userOf(w.command(e))
	switch {
	case user == "":
	case strings.TrimSpace(user) != user:
		r.detail += "; the user name has a space at an end: take it off"
	case strings.Contains(user, ` `):
		r.detail += "; a user name with a space in it is hardly right: it is the login name or the address, not the person's name"
	case !strings.Contains(user, "@"):
		r.detail += "; many servers want the whole address as the user name: try " + user + "@" + domainOf(w.upstream)
	}
	switch {
	case strings.Contains(a.shape, "empty"):
		r.detail += "; the password is empty"
	case containsAny(a.shape, []string{"at its end", "at its beginning", "nothing but spaces"}):
		r.detail += "; the password has a space at an end: type it anew"
	}
	r.detail = strings.TrimPrefix(r.detail, "; ")
	if a.initial && w.proto == event.IMAP && w.caps != nil && !w.caps["SASL-IR"] {
		r.also = append(r.also, "auth.sasl-ir")
	}
	if a.mech != "" && !plaintext(a.mech) {
		r.also = append(r.also, "auth.mech-unusable")
		r.detail = join(r.detail, "by "+a.mech)
		entry, _ := Lookup(r.id)
		r.advice = entry.Advice + "; if the password is right, set the authentication method to Normal password (inside TLS): a server that cannot do " + a.mech + " refuses in the same way"
	}
	text := w.words(e)
	if protocolOff(text) {
		r.also = append(r.also, "auth.service-disabled")
	}
	if accountShut(text) || e.Code == "" && rightsWords.in(text) {
		r.also = append(r.also, "auth.account-state")
	}
	if h := w.passwordHint(); h != nil {
		r.advice = h.advice
		r.also = append(r.also, h.also...)
	}
	return r
}

func forUser(user string) string {
	if user == "" {
		return ""
	}
	return "user " + user
}

// join puts what there is behind each other.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}

// domainOf is the domain that a server's users most likely have.
func domainOf(host string) string {
	f := facts{upstream: host}
	if f.nameless() || strings.Count(host, ".") < 1 {
		return "your.domain"
	}
	for _, first := range []string{"imap.", "pop.", "pop3.", "mail.", "imaps.", "pop3s.", "mx.", "imap4."} {
		if rest, ok := strings.CutPrefix(host, first); ok && strings.Contains(rest, ".") {
			return rest
		}
	}
	return host
}

// oauthError words the JSON by which a server refuses a token.
func oauthError(text string) string {
	var said struct{ Status, Schemes, Scope, Error string }
	if json.Unmarshal([]byte(text), &said) != nil || said.Status == "" {
		return "the server says " + text
	}
	words := "the server says status " + said.Status
	if meaning := oauthStatus[strings.ToLower(said.Status)]; meaning != "" {
		words += " (" + meaning + ")"
	}
	if said.Scope != "" {
		words += fmt.Sprintf(", and wants the scope %s", said.Scope)
	}
	return words
}

var oauthStatus = map[string]string{
	"400": "the token is malformed, has expired or is for another user", "401": "the token has expired or is not valid",
	"403": "the token lacks the scope", "invalid_token": "the token has expired or is not valid", "insufficient_scope": "the token lacks the scope for mail",
	"invalid_request": "the login is malformed",
}
