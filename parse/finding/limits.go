package finding

import "mailtap/parse/event"

// limits is what servers allow, and whose fault a refusal is.
var limits = []Entry{
	{ID: "limit.connections", Severity: event.SeverityError,
		Title:   "too many connections at once from this account or address",
		Advice:  "lower the client's number of connections (Thunderbird: Account Settings, Server Settings, Advanced, Maximum number of server connections to cache: 1 or 2), and close other clients of the account",
		Explain: "Servers count connections for each account and address: Gmail 15, Dovecot 10 by default, Courier 4. The refusal may look like a wrong password in the client.", RFC: "RFC 5530 §3"},
	{ID: "limit.ms.throttle", Severity: event.SeverityError,
		Title:   "Exchange throttles this account",
		Advice:  "wait for as long as the server says, then use fewer connections and fetch less at once",
		Explain: "Request is throttled. Suggested Backoff Time: N milliseconds, and then often BYE Connection closed. 14."},
	{ID: "limit.gmail.bandwidth", Severity: event.SeverityWarning,
		Title:   "Gmail's daily limit for downloads is reached",
		Advice:  "wait up to a day; let the client download less (only headers, only recent mail), or one client at a time",
		Explain: "Gmail allows about 2500 MB by IMAP a day. It says [OVERQUOTA] Account exceeded command or bandwidth limits, or OK [THROTTLED]."},
	{ID: "limit.rate", Severity: event.SeverityError,
		Title:   "the server refuses because too much was asked in a short time",
		Advice:  "let the client check for mail less often, and keep its connection instead of making new ones",
		Explain: "NO [LIMIT] … Rate limit hit, often followed by BYE.", RFC: "RFC 5530 §3"},
	{ID: "limit.messagelimit", Severity: event.SeverityWarning,
		Title:   "the server works on a part of the mailbox only: old messages are missing in this client",
		Advice:  "use a client that knows MESSAGELIMIT or UIDONLY, or move old messages to other mailboxes",
		Explain: "With MESSAGELIMIT a server handles only so many messages in one command.", RFC: "RFC 9738"},
	{ID: "quota.full", Severity: event.SeverityError,
		Title:   "the mailbox is full",
		Advice:  "delete mail and empty the trash on the server, or ask the provider for more space; a message that was being stored is not on the server",
		Explain: "NO [OVERQUOTA] in answer to APPEND, COPY or MOVE.", RFC: "RFC 9208 §4.3.1"},
	{ID: "srv.bug-codes", Severity: event.SeverityWarning,
		Title:   "the server refuses, and says whose fault it is",
		Advice:  "SERVERBUG, CORRUPTION: tell the server's administrator; CLIENTBUG: tell the client's author; INUSE, EXPUNGEISSUED: try again; NOPERM: ask for the right; CANNOT: it is never possible",
		Explain: "Response codes say why a command failed: SERVERBUG, CLIENTBUG, INUSE, CORRUPTION, CANNOT, NOPERM, EXPUNGEISSUED.", RFC: "RFC 5530 §3"},
	{ID: "srv.bye", Severity: event.SeverityWarning,
		Title:   "the server ended the session by itself",
		Advice:  "after inactivity nothing needs to be changed: the client should connect again; otherwise look for the reason in the server's words and its log",
		Explain: "BYE that nobody asked for: inactivity, shutdown, a limit.", RFC: "RFC 9051 §7.1.5"},
}
