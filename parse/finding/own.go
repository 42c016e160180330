package finding

import "mailtap/parse/event"

// own is about mailtap itself.
var own = []Entry{
	{
		ID: "mailtap.loop", Severity: event.SeverityError,
		Title:   "the route leads back to one of mailtap's own listeners",
		Advice:  "name the mail server in the route's upstream",
		Explain: "The connection to the server ended at an address where this mailtap listens itself: each session would open another one without end.",
	},
	{
		ID: "mailtap.panic", Severity: event.SeverityError,
		Title:   "mailtap made a mistake in understanding this session",
		Advice:  "please report it, with the capture if there is one; the mail itself went on, but nothing more of this session is on record",
		Explain: "The code that reads the session stopped on a mistake of its own. The session goes on unread where its octets pass as they are, and ends with BYE where mailtap had to change them. Nothing that cannot be masked is logged or recorded.",
	},
	{
		ID: "mailtap.recording", Severity: event.SeverityError,
		Title:   "the recording ended",
		Advice:  "free disk space or choose another place with --record, then start again; sessions went on without being recorded",
		Explain: "Writing the log or the capture failed. What was written until then can be read.",
	},
	{
		ID: "mailtap.limit", Severity: event.SeverityWarning,
		Title:   "a client was turned away: there are as many sessions as --max-sessions allows",
		Advice:  "raise --max-sessions, or find out which client opens so many connections",
		Explain: "Each client connection is one session, and many clients open several.",
	},
	{
		ID: "mailtap.encrypted", Severity: event.SeverityInfo,
		Title:   "the capture holds TLS here, which cannot be read",
		Advice:  "record the session with mailtap proxy instead; or, with the TLS keys of the client or the server (SSLKEYLOGFILE), read it in Wireshark or with: tshark -r CAPTURE -o tls.keylog_file:KEYS; editcap --inject-secrets tls,KEYS puts keys into a pcapng",
		Explain: "Another tool recorded this session on the wire. mailtap reads what passed in the clear, and of TLS what the handshake shows: the name that the client asked for, versions, and up to TLS 1.2 the server's certificate.",
	},
}
