package finding

import (
	"strings"

	"mailtap/parse/event"
)

// detectService finds that the two sides do not speak the same protocol, or
// not in its order.
func detectService(w *Watch, e *event.Event) {
	switch {
	case e.Dir == event.SideServer && e.Kind.Protocol() && !w.understood:
		if service := serviceOf(e.Text, w.proto); service != "" {
			w.tell(report{id: "proto.wrong-service", detail: "the server speaks " + service + ": " + e.Text, advice: w.rightPort()})
		} else if e.Kind == event.KindOctets && w.whole && !w.spoke && w.last[0].IsZero() {
			w.tell(report{id: "proto.wrong-service", detail: "what the server says first is no greeting of " + w.proto.Title() + ": " + e.Text, advice: w.rightPort()})
		}
	case e.Kind == event.KindCommand && len(w.order) == 1:
		w.firstCommand(e)
	case e.Kind == event.KindOctets && e.Dir == event.SideClient && len(w.order) == 0 && !e.Dropped:
		w.firstCommand(e)
	}
}

// firstCommand looks at what the client begins with.
func (w *Watch) firstCommand(e *event.Event) {
	first, _, _ := strings.Cut(strings.ToUpper(e.Text), " ")
	switch first {
	case "EHLO", "HELO":
		w.tell(report{id: "proto.wrong-service", detail: "the client speaks SMTP, the protocol for sending", advice: "set this host and port as the incoming server, not as the outgoing one; mailtap relays IMAP and POP3 alone"})
		return
	case "GET", "POST", "HEAD", "OPTIONS", "CONNECT", "PRI":
		if rest := argument(&event.Event{Text: e.Text}, 2); strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "*") || strings.Contains(rest, ":") {
			w.tell(report{id: "proto.wrong-service", detail: "the client speaks HTTP", advice: "a browser, a web proxy or a health check has this port by mistake: it is a mail server's"})
			return
		}
	}
	if !w.greeted && e.Kind == event.KindCommand {
		w.tell(report{id: "proto.client-first", severity: event.SeverityInfo})
	}
	if e.Name == "LOGOUT" && w.greeted && w.proto == event.IMAP && w.caps == nil && w.greetingOK() {
		w.tell(report{id: "proto.no-cap-in-greeting", severity: event.SeverityInfo})
	}
}

func (w *Watch) greetingOK() bool { return strings.HasPrefix(w.greeting, "* ok") }

// rightPort is where the session's protocol is spoken.
func (w *Watch) rightPort() string {
	if w.proto == event.POP3 {
		return "POP3 is on port 995 (SSL/TLS) or 110 (STARTTLS): correct the port or the server's name in the client, and in mailtap's route"
	}
	return "IMAP is on port 993 (SSL/TLS) or 143 (STARTTLS): correct the port or the server's name in the client, and in mailtap's route"
}

// serviceOf names the service that begins with a line, where it is not proto's.
func serviceOf(line string, proto event.Proto) string {
	lower := strings.ToLower(line)
	switch {
	case strings.HasPrefix(line, "HTTP/"), strings.HasPrefix(lower, "<!doctype"), strings.HasPrefix(lower, "<html"):
		return "HTTP (a web server or a reverse proxy, ports 80 and 443)"
	case strings.HasPrefix(line, "SSH-"):
		return "SSH (port 22)"
	case strings.HasPrefix(line, "RFB "):
		return "VNC (port 5900)"
	case proto == event.IMAP && (strings.HasPrefix(line, "+OK") || strings.HasPrefix(line, "-ERR")):
		return "POP3 (ports 995 and 110)"
	case proto == event.POP3 && (strings.HasPrefix(line, "* OK") || strings.HasPrefix(line, "* PREAUTH") || strings.HasPrefix(line, "* BYE")):
		return "IMAP (ports 993 and 143)"
	case strings.HasPrefix(lower, `"implementation"`), strings.HasPrefix(lower, `"sieve"`):
		return "ManageSieve (port 4190)"
	case !threeDigits(line):
		return ""
	case strings.Contains(lower, "ftp"):
		return "FTP (port 21)"
	case strings.HasPrefix(line, "200") || strings.HasPrefix(line, "201") || strings.Contains(lower, "nntp"):
		return "NNTP (ports 119 and 563)"
	case strings.Contains(lower, "lmtp"):
		return "LMTP (port 24)"
	}
	return "SMTP, the protocol for sending (ports 465, 587 and 25)"
}

func threeDigits(t string) bool {
	for i := range 3 {
		if i >= len(t) || t[i] < '0' || t[i] > '9' {
			return false
		}
	}
	return t[0] >= '2' && t[0] <= '5' && (len(t) == 3 || t[3] == ' ' || t[3] == '-')
}
