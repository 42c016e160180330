package finding

import "mailtap/parse/event"

// limits is what servers allow, and whose fault a refusal is.
var limits = []Entry{
	{ID: "limit.connections", Field: FieldConnections, Severity: event.SeverityError,
		Title:   "too many connections at once from this account or address",
		Advice:  "close other mail clients of this account (also on phones), wait some minutes until the server forgets broken connections, and lower the client's number of connections to 1 or 2 (Thunderbird: Account Settings, Server Settings, Advanced, Maximum number of server connections to cache); it is not the password, whatever the client says; the administrator can raise the limit (Dovecot: mail_max_userip_connections, Courier: MAXPERIP)",
		Explain: "Servers count connections for each account and address: Gmail 15, Dovecot 10 by default, Courier 4. The refusal may look like a wrong password in the client.", RFC: "RFC 5530 §3"},
	{ID: "limit.ms.throttle", Field: FieldConnections, Severity: event.SeverityError,
		Title:   "Exchange throttles this account",
		Advice:  "wait for as long as the server says, then use fewer connections and fetch less at once; logging in again and again makes it longer",
		Explain: "Request is throttled. Suggested Backoff Time: N milliseconds, and then often BYE Connection closed. 14.", RFC: "Microsoft's page: learn.microsoft.com, Exchange Online limits"},
	{ID: "limit.gmail.bandwidth", Severity: event.SeverityWarning,
		Title:   "Gmail's daily limit for downloads is reached",
		Advice:  "wait up to a day; let the client download less (only headers, only recent mail), or one client at a time",
		Explain: "Gmail allows about 2500 MB by IMAP a day. It says [OVERQUOTA] Account exceeded command or bandwidth limits, or OK [THROTTLED].", RFC: "Google's page: support.google.com/a/answer/1071518"},
	{ID: "limit.rate", Field: FieldCheck, Severity: event.SeverityError,
		Title:   "the server refuses because too much was asked in a short time",
		Advice:  "let the client check for mail less often, and keep its connection instead of making new ones",
		Explain: "NO [LIMIT] … Rate limit hit, often followed by BYE.", RFC: "RFC 5530 §3"},
	{ID: "limit.messagelimit", Severity: event.SeverityWarning,
		Title:   "the server works on a part of the mailbox only: old messages are missing in this client",
		Advice:  "use a client that knows MESSAGELIMIT or UIDONLY, or move old messages to other mailboxes",
		Explain: "With MESSAGELIMIT a server handles only so many messages in one command.", RFC: "RFC 9738"},
	{ID: "quota.full", Severity: event.SeverityError,
		Title:   "the mailbox is full",
		Advice:  "delete large or old mail and empty the trash on the server, or ask the provider for more space; the message that was being stored is not on the server: keep it until there is room; the administrator can raise the quota",
		Explain: "NO [OVERQUOTA] in answer to APPEND, COPY or MOVE.", RFC: "RFC 9208 §4.3.1"},
	{ID: "srv.bug-codes", Severity: event.SeverityWarning,
		Title:   "the server refuses a command, and says why",
		Advice:  "SERVERBUG, CORRUPTION: tell the server's administrator; CLIENTBUG: tell the client's author; INUSE, EXPUNGEISSUED: try again; NOPERM: ask for the right; CANNOT: it is never possible",
		Explain: "Response codes say why a command failed: SERVERBUG, CLIENTBUG, INUSE, CORRUPTION, CANNOT, NOPERM, EXPUNGEISSUED.", RFC: "RFC 5530 §3"},
	{ID: "srv.bye", Severity: event.SeverityWarning,
		Title:   "the server ended the session by itself",
		Advice:  "the reason stands in the server's words; wait some minutes and try again; if it comes again, tell the provider or the administrator the time: the server's log says more",
		Explain: "BYE that nobody asked for: inactivity, shutdown, a limit.", RFC: "RFC 9051 §7.1.5"},
}
