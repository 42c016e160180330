package finding

import "mailtap/parse/event"

// mailboxes is what goes wrong with folders and the mail in them.
var mailboxes = []Entry{
	{ID: "mbox.namespace", Field: FieldPrefix, Set: "INBOX", Severity: event.SeverityError,
		Title:   "the server wants all folders below INBOX",
		Advice:  "set the client's IMAP path prefix (also called server directory, root folder or personal namespace) to INBOX (Thunderbird: Account Settings, Server Settings, Advanced, IMAP server directory), then let it look for the folders again and choose Sent, Drafts and Trash anew",
		Explain: "The server's personal namespace has a prefix (INBOX.), and the client names a folder without it. The NAMESPACE command tells the prefix.", RFC: "RFC 2342 §5"},
	{ID: "mbox.mutf7", Severity: event.SeverityError,
		Title:   "the client sends a folder's name in the wrong encoding",
		Advice:  "report it to the client's author: names outside ASCII are sent in modified UTF-7 unless UTF8=ACCEPT or IMAP4rev2 was enabled; until then use folder names in ASCII",
		Explain: "The name has octets above 127, or was encoded twice.", RFC: "RFC 3501 §5.1.3, RFC 9051 §5.1"},
	{ID: "mbox.case-or-absent", Field: FieldFolders, Severity: event.SeverityWarning,
		Title:   "the client uses a folder that the server does not have",
		Advice:  "choose the folder that the server has in the client's settings (for sent mail, drafts and trash in Thunderbird: Account Settings, Copies & Folders), or create the one that is missing; capitals and small letters are different names",
		Explain: "NO [TRYCREATE], NO [NONEXISTENT] or Mailbox doesn't exist, and the client did not create it. Often Sent or Trash has another name or another case.", RFC: "RFC 9051 §7.1, RFC 6154"},
	{ID: "mbox.special-use-list", Severity: event.SeverityWarning,
		Title:   "the server cannot do LIST (SPECIAL-USE)",
		Advice:  "the administrator should update the server, or take the capability SPECIAL-USE off its list; choose the folders by hand in the client",
		Explain: "The server answers BAD to a LIST with a selection or return option.", RFC: "RFC 6154 §5"},
	{ID: "mbox.uidvalidity", Severity: event.SeverityWarning,
		Title:   "the folder was rebuilt on the server: clients download all of it again",
		Advice:  "let the client download the folder again; where it shows old and new mail mixed, let it begin anew (Thunderbird: the folder's Properties, Repair Folder; mbsync: move the folder's local copy and its .mbsyncstate away; offlineimap: remove the folder's files below ~/.offlineimap); the administrator should keep UIDVALIDITY when moving mail",
		Explain: "UIDVALIDITY differs from what it was in an earlier session: all UIDs are void.", RFC: "RFC 9051 §2.3.1.1"},
	{ID: "mbox.double-sent", Field: FieldFolders, Set: "no copy in Sent", Severity: event.SeverityInfo,
		Title:   "sent mail is stored twice: by the server and by the client",
		Advice:  "switch off \"place a copy in Sent\" in the client: this provider files sent mail by itself",
		Explain: "The client appends a message to the Sent folder whose Message-ID is there already. Gmail, Microsoft 365 and iCloud file sent mail themselves."},
	{ID: "mbox.deleted-not-expunged", Field: FieldExpunge, Severity: event.SeverityInfo,
		Title:   "messages were only marked as deleted: they stay on the server, and count in the quota",
		Advice:  "compact or expunge the folder in the client (Thunderbird: File, Compact Folders), or set the client to move deleted mail to the trash",
		Explain: "STORE +FLAGS (\\Deleted) without EXPUNGE, UID EXPUNGE or CLOSE behind it.", RFC: "RFC 9051 §6.4.3"},
	{ID: "mbox.expunge-others", Severity: event.SeverityInfo,
		Title:   "EXPUNGE removed messages that another client had marked",
		Advice:  "use a client that sends UID EXPUNGE or MOVE",
		Explain: "A plain EXPUNGE removes every message with \\Deleted, whoever set it.", RFC: "RFC 4315 §2.1"},
}
