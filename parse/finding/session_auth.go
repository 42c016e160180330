package finding

import (
	"mailtap/parse/event"
)

// detectAfterLogin finds logins that worked and are worth nothing.
func detectAfterLogin(w *Watch, e *event.Event) {
	if e.Kind != event.KindResponse || w.got {
		return
	}
	switch {
	case failed(e) && says(e, "authenticated but not connected"):
		w.tell(report{id: "auth.ms.not-connected", also: []string{"auth.xoauth2.shared"}})
	case e.Status == "BYE" && says(e, "session expired", "session has expired", "token expired", "accesstokenexpired"):
		w.tell(report{id: "auth.token-expired-midway"})
	case failed(e) && says(e, "unsafe login"):
		w.tell(report{id: "auth.netease-id"})
	}
}

// detectStartTLS finds what is wrong with upgrades, as far as the session's
// own lines tell; the proxy tells the rest.
func detectStartTLS(w *Watch, e *event.Event) {
	switch {
	case e.Kind == event.KindGreeting && e.Status == "PREAUTH" && !w.encrypted():
		w.tell(report{id: "starttls.preauth"})
	case e.Completes && failed(e) && (e.For == "STARTTLS" || e.For == "STLS"):
		if w.encrypted() {
			w.tell(report{id: "starttls.second-command", evidence: []*event.Event{w.command(e), e}})
			return
		}
		if !w.state.LoggedIn() {
			w.tell(report{id: "starttls.not-offered", evidence: []*event.Event{w.command(e), e}})
		}
	case e.Completes && failed(e) && logins[e.For] && !w.encrypted() && w.refusedInClear(e):
		w.auth.failures = nil
		w.tell(report{id: "starttls.required", evidence: []*event.Event{w.command(e), e}})
	case e.Completes && failed(e) && e.For == "USER" && !w.encrypted() && w.refusedInClear(e):
		w.tell(report{id: "starttls.required", evidence: []*event.Event{w.command(e), e}})
	case e.Kind == event.KindSessionClose:
		w.gaveUpInClear(e)
	}
}

// refusedInClear tells whether a login was refused because nothing was
// encrypted: by the code, by LOGINDISABLED, or by the server's words.
func (w *Watch) refusedInClear(e *event.Event) bool {
	return e.Code == "PRIVACYREQUIRED" || w.caps["LOGINDISABLED"] && e.For == "LOGIN" ||
		says(e, "plaintext authentication disallowed", "cleartext authentication disallowed", "plaintext authentication is disabled",
			"starttls first", "stls first", "starttls command first", "must use tls", "must use ssl", "tls required", "ssl required",
			"encryption required", "requires encryption", "secure connection", "login disabled until tls", "only allowed over tls", "only over an encrypted")
}

// gaveUpInClear: the server wanted TLS before a login, and the client left.
func (w *Watch) gaveUpInClear(e *event.Event) {
	if w.proto == event.IMAP && w.caps["LOGINDISABLED"] && !w.encrypted() && !w.state.LoggedIn() && !w.known("starttls.required") &&
		w.lastLogin() == 0 && w.byName["STARTTLS"] == 0 && e.Close.Commands > 0 {
		w.tell(report{id: "starttls.required", detail: "the server offers no login before TLS (LOGINDISABLED), and the client left without STARTTLS"})
	}
	if w.proto == event.IMAP && w.caps["LOGINDISABLED"] && w.encrypted() && w.byName["STARTTLS"] > 0 && !w.state.LoggedIn() && w.byName["CAPABILITY"] == 0 {
		w.tell(report{id: "starttls.stale-caps"})
	}
}
