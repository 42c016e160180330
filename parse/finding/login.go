package finding

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap"
)

// authWatch is what is remembered of logins.
type authWatch struct {
	try      attempt
	user     string    // USER's, POP3
	failures []failure // that may be a typing mistake, or pass
	alert    *event.Event
	bearer   bool // the login that worked was one of OAuth
	named    bool // the client sent ID
	told     int  // refusals told before
}

// attempt is a login that is under way.
type attempt struct {
	cmd       *event.Event
	mech      string // a SASL mechanism, LOGIN, USER, APOP
	user      string
	initial   bool         // with an initial response
	asked     int          // continuation requests
	shape     string       // of the secret
	fault     string       // what is wrong with a SASL message
	denied    *event.Event // OAuth: the challenge that carried an error
	why       string       // what it says
	answered  bool         // and the client answered it
	cancelled bool         // by the client: "*"
	farewell  *event.Event // BYE that came in place of an answer
	binding   bool         // to the TLS channel, or the client could
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
	case e.Kind == event.KindCommand:
		w.loginCommand(e)
	case e.Kind == event.KindClientData && a.try.cmd != nil:
		a.try.step(e)
		a.try.cancelled = a.try.cancelled || strings.TrimSpace(e.Text) == "*"
		a.try.answered = a.try.denied != nil
	case e.Kind == event.KindContinuation && a.try.cmd != nil && (e.For == "AUTHENTICATE" || e.For == "AUTH"):
		a.try.challenge(e)
	case e.Kind == event.KindResponse && e.Code == "WEBALERT":
		a.alert = e
	case e.Completes && (logins[e.For] || e.For == "USER") && !w.got:
		w.completedLogin(e)
	case e.Status == "BYE", e.Kind == event.KindGreeting && e.Status == "-ERR", e.Status == "NO" && !w.greeted && len(w.order) == 0:
		w.turnedAway(e)
	case e.Kind == event.KindSessionClose:
		w.settleLogins(false)
		w.leftLogin()
	}
	if e.Kind == event.KindCommand && (e.Name == "LOGOUT" || e.Name == "QUIT") {
		w.settleLogins(false)
	}
}

func (w *Watch) loginCommand(e *event.Event) {
	a := &w.auth
	switch e.Name {
	case "ID":
		a.named = true
	case "USER":
		a.user = userIn(e)
	case "LOGIN", "AUTHENTICATE", "PASS", "APOP", "AUTH":
		a.try = attempt{cmd: e, mech: mechanism(e), user: userIn(e)}
		if e.Name == "PASS" {
			a.try.user = a.user
		}
		a.try.step(e)
		if d, ok := e.Data.(*imap.Auth); ok {
			a.try.initial = d.Initial != nil
		}
		a.try.initial = a.try.initial || e.Name == "AUTH" && argument(e, 2) != ""
	}
}

// userIn is the user that a command names, or "".
func userIn(e *event.Event) string {
	if d, ok := e.Data.(*imap.Login); ok {
		return d.User
	}
	if s := stepOf(e); s != nil && s.User != "" {
		return s.User
	}
	if e.Name == "USER" || e.Name == "APOP" {
		return argument(e, 1)
	}
	return ""
}

// step takes what a client's line tells of the login.
func (a *attempt) step(e *event.Event) {
	if d, ok := e.Data.(*imap.Login); ok {
		a.shape = d.Shape
	}
	s := stepOf(e)
	if s == nil {
		return
	}
	if s.User != "" {
		a.user = s.User
	}
	if s.Shape != "" {
		a.shape = s.Shape
	}
	if a.fault == "" {
		a.fault = s.Error
	}
	a.binding = a.binding || strings.Contains(s.Note, "channel binding cannot pass")
}

// challenge takes a server's part of a SASL exchange. That of XOAUTH2 and
// OAUTHBEARER is an error, as JSON (RFC 7628 §3.2.2).
func (a *attempt) challenge(e *event.Event) {
	a.asked++
	if s := stepOf(e); s != nil && s.JSON != "" {
		a.denied, a.why = e, oauthError(s.JSON)
	}
}

// mechanism is how a login command logs in.
func mechanism(cmd *event.Event) string {
	switch cmd.Name {
	case "AUTHENTICATE", "AUTH":
		if d, ok := cmd.Data.(*imap.Auth); ok {
			return strings.ToUpper(d.Mech)
		}
		return strings.ToUpper(argument(cmd, 1))
	case "PASS":
		return "USER"
	}
	return cmd.Name
}

// plaintext are the mechanisms that hand the server the password itself.
func plaintext(mech string) bool { return mech == "PLAIN" || mech == "LOGIN" || mech == "USER" }

func bearer(mech string) bool { return mech == "XOAUTH2" || mech == "OAUTHBEARER" }

func (w *Watch) completedLogin(e *event.Event) {
	a := &w.auth
	switch {
	case succeeded(e):
		if e.For != "USER" {
			w.loggedIn(e)
		}
		return
	case !failed(e), a.try.cancelled && a.try.denied == nil:
		return
	case a.try.mech == "" && e.For == "AUTH": // a question for the mechanisms, not a login
		return
	}
	r := w.classify(e)
	if r.id == "" {
		return
	}
	r.key += w.userOf(w.command(e))
	if r.evidence == nil {
		r.evidence = w.asked(e)
	}
	w.got = true
	if len(a.failures) < 100 {
		a.failures = append(a.failures, failure{r, a.try.mech})
	}
}

// userOf is who the command is for: who it logs in.
func (w *Watch) userOf(cmd *event.Event) string {
	switch {
	case w.auth.try.cmd != nil && w.auth.try.cmd == cmd:
		return w.auth.try.user
	case cmd.Name == "USER":
		return w.auth.user
	case cmd.Name == "PASS":
		return w.auth.user
	case cmd.Name == "LOGIN", cmd.Name == "APOP":
		return userIn(cmd)
	}
	return w.user
}

// loggedIn settles what failed before: a typing mistake, or a mechanism that
// the server offers and cannot do.
func (w *Watch) loggedIn(e *event.Event) {
	a := &w.auth
	a.bearer = bearer(a.try.mech)
	for i := range a.failures {
		f := &a.failures[i]
		if f.id == badCredentials && f.mech != a.try.mech && !plaintext(f.mech) && f.mech != "" {
			f.report = report{id: "auth.mech-unusable", key: f.mech, evidence: append(f.evidence, e),
				detail: f.mech + " was refused, and " + a.try.mech + " works with the same account"}
		}
	}
	w.settleLogins(true)
	if text := w.words(e); e.Code == "ALERT" && protocolOff(text) || containsAny(text, []string{"enable imap", "enable pop", "imap access in your account", "please enable"}) {
		w.tell(report{id: "auth.service-disabled", evidence: w.asked(e)})
	}
}

const (
	badCredentials = "auth.bad-credentials"
	settledAdvice  = "nothing, since a login worked soon after; if it comes again, another account or device has an old name or password"
)

// settled says that a refusal is past.
func settled(user string) string { return join(forUser(user), "a login soon after worked") }

// settle is Found.settle for a failure that is not told yet.
func (f *failure) settle() {
	if f.id == badCredentials && len(f.also) == 0 {
		f.detail, f.advice = settled(f.key), settledAdvice
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
			f.settle()
		}
		w.tell(f.report)
		w.auth.told++
	}
}

// refused tells whether a login was refused in this session.
func (a *authWatch) refused() bool { return len(a.failures) > 0 || a.told > 0 }

// turnedAway finds servers that block the client's address.
func (w *Watch) turnedAway(e *event.Event) {
	if w.got || w.state.LoggedIn() {
		return
	}
	text := w.words(e)
	switch {
	case w.auth.refused(): // why it closes is told
	case addressBlocked(text), len(w.order) == 0 && blockedWords.in(text) && !laterWords.in(text):
		w.tell(report{id: "auth.blocked-ip", detail: strings.TrimSpace(e.Text)})
	case w.auth.try.cmd != nil && w.open[w.auth.try.cmd.Seq] != nil:
		w.auth.try.farewell = e // most likely the login's refusal: that may still come
		w.got = w.byeMeans(e) != ""
	}
}

// leftLogin finds logins that the client never finished.
func (w *Watch) leftLogin() {
	a := &w.auth.try
	if a.cmd == nil || w.open[a.cmd.Seq] == nil || w.state.LoggedIn() {
		return
	}
	if a.farewell != nil {
		w.refusedByBye(a)
		return
	}
	switch {
	case a.denied != nil && !a.answered:
		w.tell(report{id: "auth.xoauth2.error", key: a.user, detail: a.why + "; the client never answered that with an empty line, so the server's refusal did not come", evidence: []*event.Event{a.cmd, a.denied}})
	case a.initial && a.asked > 0 && w.auth.try.mech == "PLAIN":
		w.tell(report{id: "auth.sasl-ir", key: a.user, detail: "the server asked for the response once more, and the client had sent it already", evidence: []*event.Event{a.cmd}})
	case a.fault != "" && bearer(a.mech):
		w.tell(report{id: "auth.xoauth2.format", key: a.user, detail: a.fault, evidence: []*event.Event{a.cmd}})
	}
}

// refusedByBye tells a login that was answered by the session's end alone.
func (w *Watch) refusedByBye(a *attempt) {
	if id := w.byeMeans(a.farewell); id != "" {
		w.tell(report{id: id, detail: forUser(a.user), key: a.user, evidence: []*event.Event{a.cmd, a.farewell}})
	}
}

// byeMeans is what a BYE in place of a login's answer means, an id or "".
func (w *Watch) byeMeans(e *event.Event) string {
	text := w.words(e)
	id := refusal(text, w.proto)
	switch {
	case e.Code == "UNAVAILABLE":
		return "auth.tempfail"
	case id == "" && !endedWords.in(text) && !excessWords.in(text) && (refusedWords.in(text) || loginWords.in(text)):
		return "auth.bad-credentials"
	}
	return id
}
