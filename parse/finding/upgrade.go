package finding

import "mailtap/parse/event"

// upgrade is what goes wrong around STARTTLS and STLS.
var upgrade = []Entry{
	{
		ID: "starttls.not-offered", Field: FieldSecurity, Set: "SSL/TLS, port {tls}", Severity: event.SeverityError,
		Title:   "the server does not offer the upgrade to TLS (STARTTLS) that is asked for",
		Advice:  "set the client's connection security (or the route) to SSL/TLS on the TLS port (IMAP 993: imaps://, POP3 995: pop3s://); do not go on without encryption; the administrator should switch STARTTLS on",
		Explain: "The client, or mailtap for a route with +starttls, wants to upgrade the connection to TLS. The server does not list STARTTLS or STLS among its capabilities, or answers it with NO, BAD or -ERR. An attacker in the way can also take the offer out.",
		RFC:     "RFC 9051 §6.2.1, RFC 2595 §4",
	},
	{
		ID: "starttls.failed", Severity: event.SeverityError,
		Title:   "the upgrade to TLS broke off",
		Advice:  "look at the message that the client shows, and let it trust mailtap's certificate authority (mailtap ca trust); or set the connection security to SSL/TLS on the TLS port (IMAP 993, POP3 995), which does without the upgrade; where the server breaks off, ask its administrator",
		Explain: "The upgrade was agreed on in the clear, and the handshake that had to follow did not succeed. The session cannot go on in the clear.",
		RFC:     "RFC 9051 §6.2.1",
	},
	{
		ID: "starttls.required", Field: FieldSecurity, Set: "STARTTLS, port {starttls}, or SSL/TLS, port {tls}", Severity: event.SeverityError,
		Title:   "no login is taken before TLS, and the client does not begin TLS",
		Advice:  "set the client's connection security to STARTTLS on this port (IMAP 143, POP3 110), or to SSL/TLS on the TLS port (IMAP 993, POP3 995), and the authentication method to Normal password; if the password crossed an open network, change it",
		Explain: "The server (or the route, with +starttls) takes no password before TLS: it announces LOGINDISABLED, hides USER, or answers the login with NO [PRIVACYREQUIRED] or -ERR [AUTH]. Where the route requires it, mailtap answers the login itself and the server never sees it; but the password did cross the client's connection in the clear.",
		RFC:     "RFC 9051 §6.2.3, RFC 5530 §3",
	},
	{
		ID: "starttls.injection", Field: FieldSecurity, Set: "SSL/TLS, port {tls}", Severity: event.SeverityError,
		Title:   "octets stood behind the upgrade's line, outside TLS",
		Advice:  "they were dropped; find out who sends them: a client that pipelines behind STARTTLS is broken, and an attacker who can write into the connection does the same",
		Explain: "What stands behind STARTTLS (or its OK) in the clear would be taken for something that came inside TLS if it were kept: command and response injection.",
		RFC:     "RFC 9051 §6.2.1",
	},
	{
		ID: "starttls.preauth", Field: FieldSecurity, Set: "SSL/TLS, port {tls}", Severity: event.SeverityError,
		Title:   "a PREAUTH greeting leaves no way to upgrade to TLS",
		Advice:  "use implicit TLS (imaps://)",
		Explain: "STARTTLS is allowed in the not authenticated state only, so a server (or an attacker) that greets with PREAUTH keeps the session in the clear.",
		RFC:     "RFC 9051 §6.2.1",
	},
}
