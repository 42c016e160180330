package finding

import (
	"time"

	"mailtap/parse/event"
)

// patience is how long a server that was connected to may be silent before its
// silence is what the client gave up for.
const patience = 4 * time.Second

// detectEarlyEnd finds sessions that the client ended before its first command.
// A program that only looks whether the server is there does the same, so
// nothing of this but the server's silence is more than an observation.
func detectEarlyEnd(w *Watch, e *event.Event) {
	switch {
	case e.Kind == event.KindUpstreamOpen && e.Route != nil && e.Route.Failure == "":
		w.life.reached = e.Time
	case e.Kind == event.KindSessionClose && e.Close != nil && e.Close.By != event.SideServer && len(w.order) == 0 && w.whole:
		w.leftEarly(e)
	}
}

func (w *Watch) leftEarly(e *event.Event) {
	const probe = "; a program that only looks whether the server is there does the same"
	r := report{severity: event.SeverityInfo}
	switch {
	case len(w.told) > 0, w.known > event.SeverityInfo:
		return
	case !w.spoken() && !w.encrypted() && !w.life.reached.IsZero() && e.Time.Sub(w.life.reached) >= patience:
		r = report{id: "net.timeout", also: []string{"tls.upstream.plaintext"}, detail: "it was connected to and said nothing for " + seconds(e.Time.Sub(w.life.reached)) + ", until the client gave up",
			advice: "ports 993 and 995 wait for TLS and say nothing before: for such a port set the client to SSL/TLS, and give mailtap the route imaps:// or pop3s://; on 143 and 110 look whether the server is overloaded, and at firewalls and virus scanners on the way"}
	case !w.greeted, e.Close.By != event.SideClient:
		return
	case w.encrypted() && w.noPlainLogin():
		r.id, r.advice = "auth.mech-unusable", w.otherMethod()
		r.detail = "the greeting lists the methods that the server offers" + w.offered() + ", and the client left without a word" + probe
	case w.encrypted() && broken(e.Close.Reason):
		r.id, r.also = "tls.client.silent-abort", []string{"proto.wrong-service"}
		r.detail = "TLS stood, and the client broke the connection before its first command" + probe
	case !w.encrypted() && w.proto == event.IMAP && w.caps["LOGINDISABLED"]:
		r.id, r.detail = "starttls.required", "the greeting says that no password is taken before TLS (LOGINDISABLED), and the client left without a word"+probe
	case !w.encrypted() && w.proto == event.IMAP && w.caps != nil && !w.caps["STARTTLS"]:
		r.id, r.detail = "starttls.not-offered", "the greeting lists the server's capabilities, STARTTLS is not among them, and the client left without a word"+probe
	default:
		r.id, r.also = "conn.who-closed", []string{"proto.wrong-service"}
		r.detail = "the client left right behind the greeting, without a command: it may be set to another protocol than " + w.proto.Title() + probe
		if w.encrypted() {
			r.also = append(r.also, "tls.client.silent-abort")
		}
	}
	w.tell(r)
}

// spoken tells whether the server has said anything.
func (w *Watch) spoken() bool { return !w.last[1].IsZero() }
