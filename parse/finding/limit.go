package finding

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// limitWatch is what is remembered of limits.
type limitWatch struct {
	quota   string            // how full the mailbox is, in words
	refused map[string]report // by what was refused: a fault that may pass
}

var backoff = regexp.MustCompile(`backoff time[^0-9]*([0-9]+)`)

// detectLimits finds servers that have had enough of this client. It comes
// before the logins: a limit is often told in answer to one.
func detectLimits(w *Watch, e *event.Event) {
	if e.Kind != event.KindResponse && e.Kind != event.KindGreeting {
		return
	}
	if e.Status == "" {
		w.limitData(e)
		return
	}
	refused := failed(e) || e.Status == "BYE"
	if !refused && e.Code == "" && !says(e, "bandwidth", "[throttled]") {
		return // nearly every response: what follows costs more than its parsing
	}
	text := w.words(e)
	r := report{evidence: w.asked(e)}
	switch {
	case refused && containsAny(text, []string{"throttled", "suggested backoff"}):
		r.id, r.detail = "limit.ms.throttle", pause(text)
	case refused && e.Code == "OVERQUOTA" && w.provider() == google && !stores(e.For), // nothing was to be stored: it is what was read
		strings.Contains(text, "command or bandwidth"), strings.Contains(text, "bandwidth limit") && (refused || e.Code == "OVERQUOTA"), e.Code == "THROTTLED", strings.HasSuffix(text, "[throttled]"):
		r.id = "limit.gmail.bandwidth"
	case refused && aboutConnections(e, text):
		r.id = "limit.connections"
		if w.user != "" || w.userOf(w.command(e)) != "" {
			r.detail = "user " + w.userOf(w.command(e))
		}
	case refused && w.aboutRate(e, text):
		r.id = "limit.rate"
	case e.Code == "MESSAGELIMIT":
		r.id, r.key = "limit.messagelimit", "met"
		if s, ok := e.Data.(*syntax.Status); ok {
			if m, ok := s.Args.(*syntax.MessageLimitCode); ok {
				r.detail = fmt.Sprintf("at most %d messages in one command", m.Limit)
			}
		}
	default:
		return
	}
	w.tell(r)
}

// asked is a response's evidence: the command, and the response.
func (w *Watch) asked(e *event.Event) []*event.Event { return []*event.Event{w.command(e), e} }

// limitData takes what the server says of limits in data.
func (w *Watch) limitData(e *event.Event) {
	switch d := e.Data.(type) {
	case *syntax.QuotaData:
		for _, r := range d.Resources {
			if r.Limit > 0 && (r.Resource == "STORAGE" || w.limit.quota == "") {
				unit := " KiB"
				if r.Resource == "MESSAGE" {
					unit = " messages"
				}
				w.limit.quota = fmt.Sprintf("%d of %d%s are used", r.Usage, r.Limit, unit)
			}
		}
	case *syntax.NumberData:
		if e.Name != "EXISTS" {
			return
		}
		value, _ := w.capability("MESSAGELIMIT")
		if n, err := strconv.ParseUint(value, 10, 32); err == nil && uint64(d.Number) > n {
			w.tell(report{id: "limit.messagelimit", severity: event.SeverityInfo, detail: fmt.Sprintf("%d messages are there, and the server handles %d in one command", d.Number, n)})
		}
	}
}

// aboutConnections tells whether a refusal counts connections or logins, not
// commands or octets.
func aboutConnections(e *event.Event, text string) bool {
	if attemptWords.in(text) || commandWords.in(text) || endedWords.in(text) || expiryWords.in(text) || meet(text, blockedWords, addressWords) && !connectionWords.in(text) {
		return false
	}
	login := e.Kind == event.KindGreeting || logins[e.For] || e.For == "USER" || e.For == "" && e.Status == "BYE"
	switch {
	case strings.Contains(text, "mail_max_userip_connections"), strings.Contains(text, "too many open connections"):
		return true
	case e.Code == "LIMIT" && logins[e.For]:
		return !rateWords.in(text)
	case e.Code == "AUTHENTICATIONFAILED", e.Code == "AUTH":
		return false
	}
	return (login || e.Code == "LIMIT" || e.Code == "ALERT") && meet(text, excessWords, connectionWords) && !rateWords.in(text)
}

// aboutRate tells whether a refusal is for how often something was asked.
func (w *Watch) aboutRate(e *event.Event, text string) bool {
	if w.proto == event.POP3 && (logins[e.For] || e.For == "USER") && tooSoon(text) {
		return false // of logins POP3 has its own
	}
	if logins[e.For] && hedgeWords.in(text) && credentialWords.in(text) {
		return false // one of several reasons
	}
	if rateWords.in(text) && !attemptWords.in(text) {
		return true
	}
	if e.Code != "LIMIT" {
		return false
	}
	switch e.For { // RFC 5530: of flags, names and sizes there may be too many too
	case "APPEND", "STORE", "UID STORE", "CREATE", "RENAME", "COPY", "UID COPY", "MOVE", "UID MOVE", "SUBSCRIBE", "SETMETADATA", "SETACL":
		return false
	}
	return true
}

// pause words Exchange's back-off time, which it gives in milliseconds.
func pause(text string) string {
	m := backoff.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	ms, err := strconv.ParseInt(m[1], 10, 64)
	switch {
	case err != nil || ms <= 0:
		return ""
	case ms < 120_000:
		return fmt.Sprintf("wait %d seconds", (ms+999)/1000)
	}
	return fmt.Sprintf("wait %d minutes", (ms+59_999)/60_000)
}

// detectQuota finds full mailboxes: by the code, or by the words where a
// message was to be stored.
func detectQuota(w *Watch, e *event.Event) {
	if w.got || e.Kind != event.KindResponse {
		return
	}
	switch {
	case e.Completes && failed(e) && (e.Code == "OVERQUOTA" || stores(e.For) && quotaWords.in(w.words(e)) && !largeWords.in(w.words(e))):
		detail := w.limit.quota
		if box := mailboxOf(w.command(e)); box.Name != "" {
			detail = strings.TrimSuffix("storing in "+box.Name+"; "+detail, "; ")
		}
		w.tell(report{id: "quota.full", detail: detail, evidence: w.asked(e)})
	case !e.Completes && e.Status == "NO" && e.Code == "OVERQUOTA": // RFC 5530 §3: the soft limit, and nothing is refused
		w.tell(report{id: "quota.full", detail: join("so far nothing is refused", w.limit.quota, said(e)), severity: event.SeverityInfo})
	case !e.Completes && e.Status == "NO" && e.Code == "ALERT" && says(e, "over quota", "quota exceeded"):
		w.tell(report{id: "quota.full", detail: w.limit.quota, severity: event.SeverityWarning})
	}
}

// stores tells commands that store a message.
func stores(name string) bool {
	return name == "APPEND" || name == "REPLACE" || strings.HasSuffix(name, "COPY") || strings.HasSuffix(name, "MOVE")
}

// fault is what a response code says of whose fault a refusal is, and what helps.
type fault struct{ means, advice string }

// unexplained stands for the code of a message that was not stored, where the
// server gives none and its words are not known.
const unexplained = "refused"

// faults are by response code (RFC 5530 §3, RFC 7889 §5).
var faults = map[string]fault{
	unexplained:     {"the message was not stored, and the server gives no reason that mailtap knows: read its words", "look whether the mailbox is full, whether the folder is there and may be written to, and whether the message is too large; then try again, and ask the provider or the administrator"},
	"SERVERBUG":     {"the server has a fault of its own", "try again in some minutes; if it comes again, tell the provider or the administrator the time: the server's log says more"},
	"CLIENTBUG":     {"the server thinks that the client made a mistake", "report it to the client's author, with this command; meanwhile nothing needs to be changed if the mail is all there"},
	"INUSE":         {"another session uses it", "close the other client, or try again in some minutes"},
	"CORRUPTION":    {"the mailbox is damaged on the server", "tell the provider or the administrator, who has to mend the mailbox; do not delete it: other clients may have what is in it"},
	"CANNOT":        {"the server never allows this, whoever asks", "do it another way: some folders can be neither removed nor renamed, and some names are not allowed (with the sign between folders in them, say)"},
	"NOPERM":        {"this user has no right to do it", "ask the folder's owner or the administrator for the right (to read, insert, delete or create); in a shared folder it may be meant so"},
	"EXPUNGEISSUED": {"messages were expunged by another session meanwhile", "let the client look into the folder again: the messages are gone"},
	"CONTACTADMIN":  {"only the administrator can say why", "ask the provider or the administrator"},
	"UNAVAILABLE":   {"a part of the server cannot be reached for now", "wait some minutes and try again; if it lasts, tell the provider or the administrator"},
	"LIMIT":         {"it is more than the server can hold (flags, length of names, size)", "use fewer flags (tags), shorter names of folders, or smaller messages"},
	"TOOBIG":        {"the message is larger than the server takes", "make the message smaller, or put the file elsewhere and send a link; the administrator can raise the limit"},
}

// questions are commands by which clients find out what there is: that the
// server does not say hinders nobody.
var questions = map[string]bool{"MYRIGHTS": true, "GETACL": true, "LISTRIGHTS": true, "GETQUOTA": true, "GETQUOTAROOT": true, "GETMETADATA": true, "GETANNOTATION": true, "LSUB": true}

// detectServerFaults explains refusals that nothing else explained. They are
// held back: what works at the next attempt was a passing fault.
func detectServerFaults(w *Watch, e *event.Event) {
	l := &w.limit
	switch {
	case e.Kind == event.KindSessionClose:
		for _, key := range sorted(l.refused) {
			w.tell(l.refused[key])
		}
	case !e.Completes || logins[e.For]:
	case succeeded(e) && len(l.refused) > 0:
		if r, ok := l.refused[w.subject(e)]; ok {
			delete(l.refused, w.subject(e))
			r.severity = event.SeverityInfo
			r.detail = strings.TrimPrefix(r.detail+"; at a later attempt it worked", "; ")
			w.tell(r)
		}
	case failed(e) && !w.got && w.proto == event.IMAP:
		w.serverFault(e)
	}
}

// serverFault explains a refusal by its code, or by what it says of rights.
func (w *Watch) serverFault(e *event.Event) {
	code := e.Code
	if text := w.words(e); code == "" && namesMailbox(e.For) {
		switch {
		case stores(e.For) && largeWords.in(text):
			code = "TOOBIG"
		case rightsWords.in(text):
			code = "NOPERM"
		case neverWords.in(text):
			code = "CANNOT"
		}
	}
	if code == "" && e.Status == "NO" && laterWords.in(w.words(e)) {
		code = "UNAVAILABLE"
	}
	if code == "" && e.Status == "NO" && stores(e.For) && !gaveUpAppend(w.command(e)) {
		code = unexplained
	}
	f, ok := faults[code]
	if !ok {
		return
	}
	r := report{id: "srv.bug-codes", key: code, detail: nameOf(e, code) + e.For + ": " + f.means, advice: f.advice, evidence: w.asked(e)}
	if questions[e.For] {
		r.severity = event.SeverityInfo
	}
	w.holdFault(e, r)
}

// gaveUpAppend tells an APPEND that the client itself gave up: its last message
// is empty (RFC 3502 §6.3.11).
func gaveUpAppend(cmd *event.Event) bool {
	a, ok := cmd.Data.(*syntax.AppendArgs)
	if !ok || len(a.Messages) == 0 {
		return false
	}
	last := a.Messages[len(a.Messages)-1]
	return last.Size == 0 && last.Catenate == nil
}

// nameOf begins with the code, where the server gave one.
func nameOf(e *event.Event, code string) string {
	if e.Code == "" {
		return "to "
	}
	return code + " to "
}

// holdFault holds back a refusal that may pass.
func (w *Watch) holdFault(e *event.Event, r report) {
	l := &w.limit
	if l.refused == nil {
		l.refused = map[string]report{}
	}
	if _, known := l.refused[w.subject(e)]; !known && len(l.refused) < mostFaults {
		l.refused[w.subject(e)] = r
	}
}

// subject is what a response answers: the same command for the same thing has
// the same.
func (w *Watch) subject(e *event.Event) string {
	if w.proto == event.POP3 {
		return e.For + " " + argument(w.command(e), 1)
	}
	return e.For + " " + mailboxOf(w.command(e)).Name
}

const mostFaults = 100 // that are held back
