package finding

import (
	"strings"

	"mailtap/parse/event"
)

// detectAfterLogin finds logins that worked and are worth nothing.
func detectAfterLogin(w *Watch, e *event.Event) {
	if e.Kind != event.KindResponse || e.Status == "" || succeeded(e) || w.got {
		return
	}
	text := w.words(e)
	switch {
	case strings.Contains(text, "authenticated but not connected"):
		w.notConnected(e)
	case e.Status == "BYE" && w.state == event.StateLogout && (expiryWords.in(text) || e.Code == "EXPIRED"),
		failed(e) && w.state.LoggedIn() && expiryWords.in(text):
		w.tell(report{id: "auth.token-expired-midway"})
	case failed(e) && (opens(e.For) || e.For == "LIST") && protocolOff(text) && accountWords.in(text):
		w.tell(report{id: "auth.service-disabled", evidence: w.asked(e), detail: said(e)})
	case failed(e) && strings.Contains(text, "unsafe login"), w.provider() == netease && opens(e.For) && e.Status == "NO" && !w.auth.named:
		w.tell(report{id: "auth.netease-id", evidence: w.asked(e)})
	}
}

func opens(name string) bool { return name == "SELECT" || name == "EXAMINE" || name == "STATUS" }

// notConnected: Exchange took the login, and has no mailbox for it.
func (w *Watch) notConnected(e *event.Event) {
	r := report{id: "auth.ms.not-connected", also: []string{"auth.xoauth2.shared"}}
	switch {
	case strings.ContainsAny(w.user, `\/`):
		r = report{id: "auth.xoauth2.shared", detail: "the client names the user " + w.user, also: []string{"auth.ms.not-connected"}}
	case w.user != "":
		r.detail = "the client logged in as " + w.user
		if !w.auth.bearer {
			r.detail += ", with a password"
		}
	}
	w.tell(r)
}
