package finding

import (
	"regexp"
	"strconv"
	"strings"

	"mailtap/parse/event"
)

var backoff = regexp.MustCompile(`(?i)backoff time: *([0-9]+)`)

// detectLimits finds servers that have had enough of this client. It comes
// before the logins: a limit is often told in answer to one.
func detectLimits(w *Watch, e *event.Event) {
	if e.Kind != event.KindResponse && e.Kind != event.KindGreeting || e.Status == "" {
		return
	}
	refused := failed(e) || e.Status == "BYE"
	evidence := []*event.Event{w.command(e), e}
	switch {
	case refused && says(e, "request is throttled", "suggested backoff", "throttled"):
		w.tell(report{id: "limit.ms.throttle", detail: pause(e.Text), evidence: evidence})
	case refused && e.Code == "OVERQUOTA" && says(e, "bandwidth", "command or bandwidth"), says(e, "exceeded command or bandwidth"), e.Code == "THROTTLED":
		w.tell(report{id: "limit.gmail.bandwidth", evidence: evidence})
	case refused && aboutConnections(e):
		w.tell(report{id: "limit.connections", evidence: evidence})
	case refused && (e.Code == "LIMIT" && !says(e, "size", "too large", "too big", "message limit") || says(e, "rate limit", "too many requests", "too many commands")):
		w.tell(report{id: "limit.rate", evidence: evidence})
	case e.Code == "MESSAGELIMIT":
		w.tell(report{id: "limit.messagelimit", evidence: evidence})
	}
}

// aboutConnections tells whether a refusal counts connections or logins, not
// commands or octets.
func aboutConnections(e *event.Event) bool {
	if says(e, "maximum number of connections", "maximum number of simultaneous", "connection limit", "connections limit", "too many open connections", "mail_max_userip_connections") {
		return true
	}
	return says(e, "too many", "maximum", "exceed", "limit") && says(e, "connection", "simultaneous", "concurrent", "sessions", "logins") && !says(e, "invalid imap command", "bad command", "failed login", "login failure", "authentication failure")
}

// pause words Exchange's back-off time, which it gives in milliseconds.
func pause(text string) string {
	m := backoff.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	ms, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || ms <= 0 {
		return ""
	}
	if ms < 60_000 {
		return "wait " + strconv.FormatInt((ms+999)/1000, 10) + " seconds"
	}
	return "wait " + strconv.FormatInt((ms+59_999)/60_000, 10) + " minutes"
}

// detectQuota finds full mailboxes.
func detectQuota(w *Watch, e *event.Event) {
	if w.got || !e.Completes || !failed(e) {
		return
	}
	stores := e.For == "APPEND" || strings.HasSuffix(e.For, "COPY") || strings.HasSuffix(e.For, "MOVE") || e.For == "REPLACE"
	if e.Code == "OVERQUOTA" || stores && says(e, "quota", "mailbox is full", "mailbox full", "not enough disk", "no space") {
		w.tell(report{id: "quota.full", evidence: []*event.Event{w.command(e), e}})
	}
}

// faults are the response codes by which a server says whose fault it is, and
// what each means (RFC 5530 §3).
var faults = map[string]string{
	"SERVERBUG": "the server has a fault of its own", "CLIENTBUG": "the server thinks that the client made a mistake",
	"INUSE": "another one uses it", "CORRUPTION": "the mailbox is damaged on the server", "CANNOT": "the server never allows this",
	"NOPERM": "this user has no right to do it", "EXPUNGEISSUED": "messages were expunged by another session meanwhile",
	"CONTACTADMIN": "the administrator has to be asked", "UNAVAILABLE": "a part of the server cannot be reached for now",
}

// detectServerFaults explains refusals that nothing else explained.
func detectServerFaults(w *Watch, e *event.Event) {
	if w.got || e.Kind != event.KindResponse || !failed(e) || logins[e.For] || w.proto != event.IMAP {
		return
	}
	if meaning, ok := faults[e.Code]; ok {
		w.tell(report{id: "srv.bug-codes", key: e.Code, detail: e.Code + " to " + e.For + ": " + meaning, evidence: []*event.Event{w.command(e), e}, severity: event.SeverityWarning})
	}
}
