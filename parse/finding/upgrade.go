package finding

import "mailtap/parse/event"

// upgrade is what goes wrong around STARTTLS and STLS.
var upgrade = []Entry{
	{
		ID: "starttls.not-offered", Severity: event.SeverityError,
		Title:   "the server does not upgrade to TLS, and the route requires it",
		Advice:  "use the server's implicit-TLS port (imaps:// on 993, pop3s:// on 995); do not fall back to cleartext",
		Explain: "STARTTLS or STLS was answered with NO, BAD or -ERR. An attacker in the way can also take the offer out.",
		RFC:     "RFC 9051 §6.2.1, RFC 2595 §4",
	},
	{
		ID: "starttls.failed", Severity: event.SeverityError,
		Title:   "the upgrade to TLS broke off",
		Advice:  "see the tls events for which side gave up and why",
		Explain: "The upgrade was agreed on in the clear, and the handshake that had to follow did not succeed. The session cannot go on in the clear.",
		RFC:     "RFC 9051 §6.2.1",
	},
	{
		ID: "starttls.required", Severity: event.SeverityError,
		Title:   "the client tried to log in before the upgrade to TLS",
		Advice:  "switch STARTTLS on in the client; if the password crossed an open network, change it",
		Explain: "The route requires the upgrade. The login was answered by mailtap and never reached the server, but the password did cross the client's connection in the clear.",
		RFC:     "RFC 9051 §6.2.3, RFC 5530 §3",
	},
	{
		ID: "starttls.injection", Severity: event.SeverityError,
		Title:   "octets stood behind the upgrade's line, outside TLS",
		Advice:  "they were dropped; find out who sends them: a client that pipelines behind STARTTLS is broken, and an attacker who can write into the connection does the same",
		Explain: "What stands behind STARTTLS (or its OK) in the clear would be taken for something that came inside TLS if it were kept: command and response injection.",
		RFC:     "RFC 9051 §6.2.1",
	},
	{
		ID: "starttls.preauth", Severity: event.SeverityError,
		Title:   "a PREAUTH greeting leaves no way to upgrade to TLS",
		Advice:  "use implicit TLS (imaps://)",
		Explain: "STARTTLS is allowed in the not authenticated state only, so a server (or an attacker) that greets with PREAUTH keeps the session in the clear.",
		RFC:     "RFC 9051 §6.2.1",
	},
}
