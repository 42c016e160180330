package finding

import (
	"strings"

	"mailtap/parse/event"
)

// upgradeWatch is what is remembered of the way into TLS.
type upgradeWatch struct {
	refused *event.Event // STARTTLS's or STLS's NO, BAD or -ERR
	fresh   bool         // a capability list came inside TLS
}

// detectUpgrade finds what is wrong with upgrades, as far as the session's own
// lines tell; the proxy tells the rest.
func detectUpgrade(w *Watch, e *event.Event) {
	u := &w.upgrade
	switch {
	case e.Kind == event.KindGreeting && e.Status == "PREAUTH" && !w.encrypted():
		w.tell(report{id: "starttls.preauth", severity: event.SeverityWarning})
	case e.Completes && failed(e) && (e.For == "STARTTLS" || e.For == "STLS"):
		if w.encrypted() {
			w.tell(report{id: "starttls.second-command", evidence: w.asked(e)})
		} else if !w.state.LoggedIn() {
			u.refused = e
			w.tell(report{id: "starttls.not-offered", evidence: w.asked(e), detail: strings.TrimSpace(textOf(e))})
		}
	case e.Completes && (e.For == "CAPABILITY" || e.For == "CAPA"):
		u.fresh = u.fresh || w.encrypted()
	case e.Kind == event.KindSessionClose:
		w.gaveUpInClear(e)
	}
}

// gaveUpInClear: the client asked what the server can do before TLS, and left
// without a login.
func (w *Watch) gaveUpInClear(e *event.Event) {
	if w.entered || w.done["LOGIN"]+w.done["AUTHENTICATE"]+w.done["PASS"]+w.done["APOP"]+w.done["AUTH"] > 0 || w.triedLogin() || e.Close == nil || e.Close.Commands == 0 {
		return
	}
	started := w.done["STARTTLS"] + w.done["STLS"]
	switch {
	case w.encrypted() && started > 0 && !w.upgrade.fresh && e.Close.By == event.SideClient && broken(e.Close.Reason):
		w.tell(report{id: "tls.client.silent-abort", severity: event.SeverityWarning, also: []string{"tls.client.untrusted-ca"}, detail: "the client asked for the upgrade itself, and broke the connection as soon as TLS stood"})
	case w.encrypted() && started > 0 && !w.upgrade.fresh && w.clear["LOGINDISABLED"] && e.Close.By != event.SideServer:
		w.tell(report{id: "starttls.stale-caps", detail: "inside TLS it neither asked again nor logged in"})
	case w.encrypted() && w.noPlainLogin():
		w.tell(report{id: "auth.mech-unusable", severity: event.SeverityWarning, detail: "the client looked at the methods that the server offers, and left without a login" + w.offered(), advice: w.otherMethod()})
	case w.encrypted(), w.caps == nil, w.upgrade.refused != nil, started > 0, w.told["starttls.required "] != nil, e.Close.By == event.SideProxy:
	case w.proto == event.IMAP && w.caps["LOGINDISABLED"]:
		w.tell(report{id: "starttls.required", detail: "the server takes no password before TLS (LOGINDISABLED), and the client left without STARTTLS"})
	case w.proto == event.POP3 && w.caps["STLS"] && !w.caps["USER"] && w.noPlainLogin():
		w.tell(report{id: "starttls.required", detail: "the server takes no plain password before TLS, and the client left without STLS"})
	case w.proto == event.IMAP && !w.caps["STARTTLS"], w.proto == event.POP3 && !w.caps["STLS"]:
		if !w.life.leave { // clients that want TLS hang up; programs that watch servers take their leave
			w.tell(report{id: "starttls.not-offered", severity: event.SeverityWarning, also: []string{"auth.mech-unusable"}, detail: "the client looked for the offer in the server's capabilities, did not find it, and left without a login"})
		}
	}
}

// triedLogin tells whether the client tried to log in at all.
func (w *Watch) triedLogin() bool {
	return w.sent["LOGIN"]+w.sent["AUTHENTICATE"]+w.sent["USER"]+w.sent["APOP"]+w.sent["AUTH"] > 0
}
