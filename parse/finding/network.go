package finding

import "mailtap/parse/event"

// network is why a server cannot be reached, or is not the one that was meant.
var network = []Entry{
	{
		ID: "net.name", Field: FieldServer, Severity: event.SeverityError,
		Title:   "the server's name has no address",
		Advice:  "check the host name for typing mistakes; ask the provider for the name of its mail server; try `dig NAME`",
		Explain: "The name in the route's upstream was looked up in the DNS and has no address, or no name server answered. Nothing was sent to the mail server.",
	},
	{
		ID: "net.refused", Field: FieldServer, Severity: event.SeverityError,
		Title:   "the server refused the connection",
		Advice:  "check the port (IMAP 993 or 143, POP3 995 or 110), and whether the service runs and listens on that address",
		Explain: "The machine answered, and nothing listens on that port, or a firewall rejects it (TCP reset, ECONNREFUSED).",
	},
	{
		ID: "net.timeout", Field: FieldServer, Severity: event.SeverityError,
		Title:   "the server did not answer in time",
		Advice:  "check the address, and firewalls between here and the server: many networks drop mail ports without a word",
		Explain: "No answer came to the attempt to connect, or a server that was connected to said nothing. Packets are dropped on the way, or the server is overloaded.",
	},
	{
		ID: "net.reset", Severity: event.SeverityError,
		Title:   "the server closed the connection before it said anything",
		Advice:  "check the host name and the port, and try again in some minutes; close other mail clients, of which a server may allow a few only; the administrator finds the reason in the server's log: access lists, too many connections from one address and crashed services all look like this",
		Explain: "The connection was made, and ended (FIN or RST) before a greeting came. Servers with host access lists, connection limits or a dead back end do so.",
	},
	{
		ID: "proto.wrong-service", Field: FieldServer, Severity: event.SeverityError,
		Title:   "another service answers on that port",
		Advice:  "correct the port or the scheme of the route: IMAP is on 993 and 143, POP3 on 995 and 110, SMTP (which mailtap does not speak) on 465, 587 and 25",
		Explain: "What the server said first is not a greeting of the route's protocol: `220 ` is SMTP or FTP, `+OK` is POP3, `* OK` is IMAP, `HTTP/1.1 400` a web server or a reverse proxy.",
		RFC:     "RFC 9051 §7.1.4, RFC 1939 §4",
	},
}
