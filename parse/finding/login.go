package finding

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"mailtap/parse/event"
)

// authWatch is what is remembered of logins.
type authWatch struct {
	user      string // USER's, POP3
	userCmd   *event.Event
	denied    *event.Event   // OAuth: the challenge that carried an error
	cancelled map[int64]bool // by the command's seq
	failures  []failure      // wrong passwords that may be a typing mistake
	alert     *event.Event
}

// failure is a refused login whose meaning is not certain before the next one.
type failure struct {
	report
	mech string
}

// logins are the commands whose completion says whether a login worked.
var logins = map[string]bool{"LOGIN": true, "AUTHENTICATE": true, "PASS": true, "APOP": true, "AUTH": true}

func detectLogin(w *Watch, e *event.Event) {
	a := &w.auth
	switch {
	case e.Kind == event.KindCommand && e.Name == "USER":
		a.user, a.userCmd = argument(e, 1), e
	case e.Kind == event.KindCommand && logins[e.Name]:
		a.denied = nil
	case e.Kind == event.KindClientData && strings.TrimSpace(e.Text) == "*":
		if a.cancelled == nil {
			a.cancelled = map[int64]bool{}
		}
		a.cancelled[w.lastLogin()] = true
	case e.Kind == event.KindContinuation && oauthError(e) != "":
		a.denied = e
	case e.Kind == event.KindResponse && e.Code == "WEBALERT":
		a.alert = e
	case e.Completes && (logins[e.For] || e.For == "USER") && !w.got:
		w.completedLogin(e)
	case e.Kind == event.KindGreeting && e.Status == "BYE" && says(e, "intrusion prevention", "blocked", "banned", "blacklist"):
		w.tell(report{id: "auth.blocked-ip"})
	case e.Kind == event.KindResponse && e.Status == "BYE" && says(e, "intrusion prevention"):
		w.tell(report{id: "auth.blocked-ip"})
	case e.Kind == event.KindSessionClose, e.Kind == event.KindCommand && (e.Name == "LOGOUT" || e.Name == "QUIT"):
		w.settleLogins(false)
	}
}

// lastLogin is the seq of the login command that is under way.
func (w *Watch) lastLogin() int64 {
	for i := len(w.order) - 1; i >= 0; i-- {
		if logins[w.order[i].Name] {
			return w.order[i].Seq
		}
	}
	return 0
}

// mechanism is how a login command logs in: a SASL mechanism, LOGIN, USER, APOP.
func mechanism(cmd *event.Event) string {
	switch {
	case cmd == nil:
		return ""
	case cmd.Name == "AUTHENTICATE" || cmd.Name == "AUTH":
		return strings.ToUpper(argument(cmd, 1))
	case cmd.Name == "PASS":
		return "USER"
	}
	return cmd.Name
}

// plaintext are the mechanisms that hand the server the password itself.
func plaintext(mech string) bool {
	return mech == "PLAIN" || mech == "LOGIN" || mech == "USER"
}

func (w *Watch) completedLogin(e *event.Event) {
	cmd := w.command(e)
	if succeeded(e) {
		if e.For != "USER" {
			w.loggedIn(e, cmd)
		}
		return
	}
	if !failed(e) || w.auth.cancelled[e.Cmd] {
		return
	}
	r := w.classify(e, cmd)
	if r.id == "" {
		return
	}
	r.key = w.userOf(cmd)
	if r.evidence == nil {
		r.evidence = []*event.Event{cmd, e}
	}
	w.got = true
	w.auth.failures = append(w.auth.failures, failure{r, mechanism(cmd)})
}

// userOf is who tries to log in.
func (w *Watch) userOf(cmd *event.Event) string {
	switch {
	case cmd == nil:
	case cmd.Name == "LOGIN", cmd.Name == "APOP":
		return argument(cmd, 1)
	case cmd.Name == "PASS":
		return w.auth.user
	}
	return w.user
}

// loggedIn settles what failed before: a typing mistake, or a mechanism that
// the server offers and cannot do.
func (w *Watch) loggedIn(e, cmd *event.Event) {
	mech := mechanism(cmd)
	for i := range w.auth.failures {
		f := &w.auth.failures[i]
		if f.id == "auth.bad-credentials" && !plaintext(f.mech) && plaintext(mech) && f.mech != "" {
			f.report = report{id: "auth.mech-unusable", key: f.mech, severity: event.SeverityInfo, evidence: append(f.evidence, e),
				detail: f.mech + " was refused, and " + mech + " works with the same account"}
		}
	}
	w.settleLogins(true)
	if says(e, "enable imap", "enable pop", "imap access in your account") {
		w.tell(report{id: "auth.service-disabled"})
	}
}

// settleLogins tells what was held back. Where the login worked in the end, a
// refusal was a typing mistake or a passing fault.
func (w *Watch) settleLogins(worked bool) {
	failures := w.auth.failures
	w.auth.failures = nil
	for _, f := range failures {
		if worked {
			f.severity = event.SeverityInfo
		}
		w.tell(f.report)
	}
}

// classify says why a login was refused: by the response code, then by the
// host, then by the server's words.
func (w *Watch) classify(e, cmd *event.Event) report {
	mech := mechanism(cmd)
	for _, rule := range []func(*Watch, *event.Event, *event.Event, string) report{byMechanism, byCode, byProvider, byWords} {
		if r := rule(w, e, cmd, mech); r.id != "" {
			return r
		}
	}
	if e.For == "USER" || e.Status == "BAD" {
		return report{}
	}
	return w.wrongPassword(e, cmd)
}

// byMechanism finds what is wrong with how the login was made.
func byMechanism(w *Watch, e, cmd *event.Event, mech string) report {
	oauth := mech == "XOAUTH2" || mech == "OAUTHBEARER"
	switch {
	case strings.HasSuffix(mech, "-PLUS"):
		return report{id: "auth.channel-binding", detail: mech, severity: event.SeverityError}
	case oauth && w.auth.denied != nil:
		return report{id: "auth.xoauth2.error", detail: oauthError(w.auth.denied), evidence: []*event.Event{cmd, w.auth.denied, e}}
	case oauth && (says(e, "invalid sasl argument", "invalid argument") || e.Status == "BAD"):
		return report{id: "auth.xoauth2.format"}
	case oauth && !w.at("gmail.com", "googlemail.com"):
		return report{id: "auth.xoauth2.error", also: []string{"auth.xoauth2.format", "auth.ms.not-connected"}}
	case mech != "" && w.unknownMechanism(e, cmd, mech):
		return report{id: "auth.mech-unusable", key: mech, detail: mech + " is not offered by this server"}
	case e.Status == "BAD" && cmd != nil && cmd.Name == "AUTHENTICATE" && argument(cmd, 2) != "":
		return report{id: "auth.sasl-ir"}
	case e.Status == "BAD" && cmd != nil && cmd.Name == "LOGIN":
		return report{id: "auth.quoting", detail: cmd.Error}
	}
	return report{}
}

// unknownMechanism tells whether the server refused a mechanism that it does
// not have.
func (w *Watch) unknownMechanism(e, cmd *event.Event, mech string) bool {
	if cmd.Name != "AUTHENTICATE" && cmd.Name != "AUTH" {
		return false
	}
	if says(e, "unsupported authentication mechanism", "unsupported sasl", "unknown mechanism", "mechanism not supported", "no such mechanism", "mechanism is not supported") {
		return true
	}
	offers := false
	for c := range w.caps {
		if name, ok := strings.CutPrefix(c, "AUTH="); ok {
			if name == mech {
				return false
			}
			offers = true
		}
	}
	return offers && e.Code == "" && w.proto == event.IMAP && e.Status == "BAD"
}

// byCode goes by what RFC 5530, RFC 2449 and RFC 3206 define.
func byCode(w *Watch, e, cmd *event.Event, mech string) report {
	switch e.Code {
	case "UNAVAILABLE", "SYS/TEMP", "INUSE":
		return report{id: "auth.tempfail"}
	case "SYS/PERM":
		return report{id: "pop.sys-perm"}
	case "EXPIRED", "CONTACTADMIN", "AUTHORIZATIONFAILED":
		return report{id: "auth.account-state", key: e.Code, detail: accountStates[e.Code]}
	case "PRIVACYREQUIRED":
		return report{id: "starttls.required"}
	}
	return report{}
}

var accountStates = map[string]string{
	"EXPIRED":             "the account or its password has expired",
	"CONTACTADMIN":        "the administrator has to be asked",
	"AUTHORIZATIONFAILED": "the password is right, but this user may not act as the other one",
}

// byProvider knows what large providers mean by their refusals.
func byProvider(w *Watch, e, cmd *event.Event, mech string) report {
	switch {
	case says(e, "application-specific password", "/answer/185833", "app password required"):
		return report{id: "auth.gmail.app-password"}
	case w.auth.alert != nil, says(e, "web login required", "log in via your web browser", "/answer/78754"):
		return report{id: "auth.gmail.webalert"}
	case w.at("outlook.com", "office365.com", "hotmail.com", "live.com", "office.com") && plaintext(mech) && e.Status != "BAD":
		return report{id: "auth.ms.basic-off", also: []string{"auth.ms.protocol-off", "auth.bad-credentials"}}
	case w.at("yahoo.com", "aol.com", "yahoo.co.jp", "ymail.com") && plaintext(mech) && e.Status != "BAD" && (e.Code == "AUTHENTICATIONFAILED" || e.Code == "AUTH" || e.Code == ""):
		return report{id: "auth.yahoo.app-password", also: []string{"auth.bad-credentials"}}
	}
	return report{}
}

// byWords reads what the server says, where it gives no code.
func byWords(w *Watch, e, cmd *event.Event, mech string) report {
	switch {
	case e.Status == "BAD":
		return report{}
	case says(e, "temporary", "temporarily", "try again later", "internal error", "back-end", "backend", "system problem"):
		return report{id: "auth.tempfail"}
	case says(e, "service is not open", "not enabled for", "imap access is disabled", "pop access is disabled", "imap is disabled", "pop3 is disabled", "access disabled", "enable imap", "enable pop", "not allowed to use imap", "not allowed to use pop"):
		return report{id: "auth.service-disabled"}
	case says(e, "account is disabled", "account disabled", "account locked", "account is locked", "suspended", "account has expired", "password expired", "password has expired", "login disabled for this user"):
		return report{id: "auth.account-state", detail: "the server says that the account is closed or has expired"}
	}
	return report{}
}

// wrongPassword is the likeliest reason of a refusal, with what can be said of
// the user name and the password without knowing them.
func (w *Watch) wrongPassword(e, cmd *event.Event) report {
	r := report{id: "auth.bad-credentials"}
	user := w.userOf(cmd)
	if user != "" {
		r.detail = "for user " + user
		if !strings.Contains(user, "@") {
			r.detail += " (many servers want the whole address, user@domain)"
		}
	}
	shape := secretShape(cmd)
	switch {
	case strings.Contains(shape, "not valid UTF-8"), strings.Contains(shape, "non-ASCII"):
		return report{id: "auth.charset", detail: shape, also: []string{"auth.bad-credentials"}}
	case strings.Contains(shape, "space at its end"), strings.Contains(shape, "spaces at its end"), strings.Contains(shape, "at its beginning"):
		r.detail += "; the password has a space at an end"
	}
	if says(e, "rejected", "denied", "not allowed") && e.Code == "" {
		r.also = append(r.also, "auth.account-state")
	}
	return r
}

// secretShape is what a login's parts say of the secret, or "".
func secretShape(cmd *event.Event) string {
	if cmd == nil || cmd.Data == nil {
		return ""
	}
	text, err := json.Marshal(cmd.Data)
	if err != nil {
		return ""
	}
	return string(text)
}

// oauthError is the error that a challenge carries as JSON (RFC 7628 §3.2.2,
// and XOAUTH2 alike), in words; "" where it is none.
func oauthError(e *event.Event) string {
	text := strings.TrimSpace(strings.TrimPrefix(e.Text, "+"))
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || raw[0] != '{' {
		return ""
	}
	var said struct{ Status, Schemes, Scope string }
	if json.Unmarshal(raw, &said) != nil || said.Status == "" {
		return ""
	}
	words := "the server says status " + said.Status
	if said.Scope != "" {
		words += ", and wants the scope " + said.Scope
	}
	return words
}
