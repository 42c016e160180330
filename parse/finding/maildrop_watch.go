package finding

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
)

// maildropWatch is what is remembered of a maildrop.
type maildropWatch struct {
	deleted   *event.Event // the first DELE that stands
	deletions int
	retrieved int
	first     *event.Event // RETR
	multi     bool         // a multi-line response was given whole
	quit      bool
	unquit    *event.Event // QUIT's refusal
	sizes     map[int64]int64
	misfit    report // the first message whose announced size is wrong: or its end came too early
	misfits   int
}

func detectMaildrop(w *Watch, e *event.Event) {
	if w.proto != event.POP3 {
		return
	}
	switch {
	case e.Kind == event.KindSessionClose:
		w.popEnd()
	case e.Dir != event.SideServer || w.got:
	case oddIndicator(e):
		w.tell(report{id: "pop.bad-indicator", detail: e.Text, evidence: w.asked(e)})
	case e.Kind == event.KindOctets:
		w.strayText(e)
	case e.Completes && failed(e):
		if e.For == "QUIT" {
			w.pop.unquit = e
		}
		w.popRefused(e)
	case e.Completes && succeeded(e):
		if blockFault(e) {
			w.tell(report{id: "pop.dot-stuffing", detail: e.Error, evidence: w.asked(e)})
		}
		w.popDone(e)
	}
}

// oddIndicator tells status indicators that RFC 1939 §3 does not have.
func oddIndicator(e *event.Event) bool {
	if e.Kind != event.KindResponse && e.Kind != event.KindGreeting || e.Error == "" {
		return false
	}
	return e.Status == "" || strings.HasPrefix(e.Error, `expected "+OK", got`) || strings.HasPrefix(e.Error, `expected "-ERR", got`)
}

// blockFault tells faults in how a multi-line response ends.
func blockFault(e *event.Event) bool {
	return containsAny(e.Error, []string{"byte-stuffed", "termination octet"})
}

// strayText is a line that is no response: the rest of a message whose end
// came too early, or a status without its indicator.
func (w *Watch) strayText(e *event.Event) {
	switch {
	case w.pop.multi:
		w.tell(report{id: "pop.dot-stuffing", detail: "behind the end of a multi-line response comes more text: " + e.Text})
	case len(w.open) > 0:
		w.tell(report{id: "pop.bad-indicator", detail: e.Text})
	}
}

func (w *Watch) popRefused(e *event.Event) {
	cmd, text := w.command(e), w.words(e)
	r := report{evidence: w.asked(e)}
	switch {
	case e.Code == "IN-USE":
		r.id = "pop.in-use"
	case e.Code == "LOGIN-DELAY":
		r = w.loginDelay()
		r.evidence = w.asked(e)
	case e.Code == "SYS/PERM":
		r.id = "pop.sys-perm"
	case e.Code == "SYS/TEMP":
		r.id = "pop.sys-temp"
		w.holdFault(e, r)
		return
	case !w.state.LoggedIn():
		return
	case e.For == "UIDL" && argument(cmd, 1) == "":
		r.id = "pop.uidl-missing"
	case e.For == "TOP" && (w.caps != nil && !w.caps["TOP"] || containsAny(text, []string{"unknown", "not implemented", "unimplemented", "not supported", "unsupported", "invalid command", "unrecognized", "unrecognised", "bad command"})):
		r.id, r.detail = "pop.uidl-missing", "TOP, which shows a message's header, is missing too"
	case inUse(text) && w.done["STAT"]+w.done["LIST"] == 0:
		r.id = "pop.in-use"
	case laterWords.in(text) && e.For != "QUIT":
		r.id = "pop.sys-temp"
		w.holdFault(e, r)
		return
	default:
		return
	}
	w.tell(r)
}

// loginDelay names the interval that the server allows, where it told.
func (w *Watch) loginDelay() report {
	r := report{id: "pop.login-delay"}
	if value, ok := w.capability("LOGIN-DELAY"); ok && value != "" {
		r.detail = "the server asks for " + strings.Fields(value)[0] + " seconds between two logins"
	}
	return r
}

func (w *Watch) popDone(e *event.Event) {
	p := &w.pop
	switch d := e.Data.(type) {
	case *pop3.Message:
		p.multi = true
		if e.For == "RETR" && d.Announced != nil {
			w.sizeOf(e, d, *d.Announced)
		} else if size, ok := p.sizes[d.Message]; ok && e.For == "RETR" {
			w.sizeOf(e, d, size)
		}
	case *pop3.Listing:
		p.multi = true
		if e.For == "LIST" && p.sizes == nil {
			p.sizes = map[int64]int64{}
			for _, s := range d.List[:min(len(d.List), mostSizes)] {
				if s.Octets != nil {
					p.sizes[s.Message] = *s.Octets
				}
			}
		}
		w.window(e, int64(d.Count))
	case *pop3.Stat:
		w.window(e, d.Messages)
	}
	switch e.For {
	case "RETR":
		p.retrieved++
		if p.first == nil {
			p.first = e
		}
	case "DELE":
		p.deletions++
		if p.deleted == nil {
			p.deleted = e
		}
	case "RSET":
		p.deletions, p.deleted = 0, nil
	case "QUIT":
		p.quit = true
	}
}

// sizeOf holds an announced size against the message's.
func (w *Watch) sizeOf(e *event.Event, d *pop3.Message, announced int64) {
	if d.Octets == announced {
		return
	}
	w.pop.misfits++
	if w.pop.misfits == 1 {
		w.pop.misfit = report{id: "stream.size-mismatch", evidence: w.asked(e), detail: fmt.Sprintf("message %d: announced %d bytes, sent %d (%+d)", d.Message, announced, d.Octets, d.Octets-announced)}
	}
}

// window tells that Gmail shows a part of the mail.
func (w *Watch) window(e *event.Event, messages int64) {
	if w.provider() != google {
		return
	}
	recent := strings.HasPrefix(w.user, "recent:")
	switch {
	case recent:
		w.tell(report{id: "pop.gmail-window", detail: fmt.Sprintf("%d messages of the last 30 days, for every client alike (the user name begins with recent:)", messages),
			advice: "nothing to change for several devices; do not let any of them delete mail from the server; IMAP shows everything"})
	case messages == 0 || messages >= 200 && messages <= 400:
		w.tell(report{id: "pop.gmail-window", detail: fmt.Sprintf("%d messages are listed", messages)})
	}
}

// popEnd tells which policy was seen, and deletions that never took effect.
func (w *Watch) popEnd() {
	p := &w.pop
	if w.told["pop.dot-stuffing "] == nil {
		for range p.misfits {
			w.tell(p.misfit)
		}
	}
	switch {
	case p.deletions > 0 && !p.quit:
		r := report{id: "pop.no-quit", detail: fmt.Sprintf("%d marked for deletion", p.deletions), evidence: []*event.Event{p.deleted}}
		if p.unquit != nil {
			r.detail += "; QUIT came, and the server refused it: " + strings.TrimSpace(textOf(p.unquit))
			r.evidence = append(r.evidence, p.unquit)
			r.advice = "the fault is the server's: it could not delete them, and they come again at the next check; ask the provider or the administrator, whose log says why"
		}
		w.tell(r)
	case p.retrieved > 0 && p.deletions > 0:
		w.tell(report{id: "pop.leave-on-server", severity: event.SeverityInfo, evidence: []*event.Event{p.first, p.deleted},
			detail: fmt.Sprintf("download and delete: %d downloaded, %d deleted from the server, so other devices no longer find those", p.retrieved, p.deletions)})
	case p.retrieved > 0 && p.quit:
		w.tell(report{id: "pop.leave-on-server", severity: event.SeverityInfo, evidence: []*event.Event{p.first},
			detail: fmt.Sprintf("download and keep: %d downloaded, none deleted, so they stay on the server%s", p.retrieved, w.expiry())})
	}
}

// expiry words CAPA's EXPIRE (RFC 2449 §6.7).
func (w *Watch) expiry() string {
	value, ok := w.capability("EXPIRE")
	switch days, _, _ := strings.Cut(value, " "); {
	case !ok || days == "" || days == "NEVER":
		return ""
	case days == "0":
		return "; but the server's policy (EXPIRE 0) is to delete what was downloaded"
	default:
		return "; but the server deletes mail after " + days + " days (EXPIRE)"
	}
}
