package finding

import (
	"strconv"
	"strings"

	"mailtap/parse/event"
)

// Field is a setting of mail clients that a finding is about.
type Field uint8

// The fields.
const (
	FieldNone        Field = iota
	FieldSecurity          // connection security and port
	FieldServer            // host name and port
	FieldUser              // user name and password
	FieldMethod            // authentication method
	FieldConnections       // how many at once
	FieldPrefix            // IMAP path prefix
	FieldFolders           // for sent mail, drafts, trash
	FieldCheck             // how often mail is checked for
	FieldLeave             // leave messages on the server
	FieldExpunge           // what happens to deleted messages
	FieldTrust             // certificates that are trusted
)

// client is a mail client and where it keeps its settings.
type client struct {
	key   string   // for --client
	title string   // as its users know it
	ids   []string // in IMAP ID, lower case
	where map[Field]string
}

// clients are in the order in which their names are looked for.
var clients = []client{
	{"thunderbird", "Thunderbird", []string{"thunderbird"}, map[Field]string{
		FieldSecurity: "Account Settings, Server Settings, Connection security", FieldServer: "Account Settings, Server Settings, Server Name and Port",
		FieldUser: "Account Settings, Server Settings, User Name; the password: Settings, Privacy & Security, Saved Passwords, remove it there and type it at the next check", FieldMethod: "Account Settings, Server Settings, Authentication method",
		FieldConnections: "Account Settings, Server Settings, Advanced, Maximum number of server connections to cache", FieldPrefix: "Account Settings, Server Settings, Advanced, IMAP server directory (INBOX) and Personal namespace",
		FieldFolders: "Account Settings, Copies & Folders", FieldCheck: "Account Settings, Server Settings, Check for new messages every ... minutes", FieldLeave: "Account Settings, Server Settings, Leave messages on server",
		FieldExpunge: "Account Settings, Server Settings, When I delete a message; and File, Compact Folders", FieldTrust: "Settings, Privacy & Security, Certificates, Manage Certificates, Authorities, Import"}},
	{"outlook", "Outlook", []string{"outlook", "microsoft.exchange.imap"}, map[Field]string{
		FieldSecurity: "File, Account Settings, Server Settings, Incoming mail, Encryption method", FieldServer: "File, Account Settings, Server Settings, Incoming mail, Server and Port",
		FieldUser: "File, Account Settings, Server Settings, User name and Password", FieldMethod: "File, Account Settings, Server Settings, Require logon using Secure Password Authentication (SPA): off",
		FieldConnections: "it has no such field: close other clients of the account", FieldPrefix: "File, Account Settings, Server Settings, Root folder path", FieldFolders: "File, Account Settings, Change, More Settings, Sent Items and Deleted Items",
		FieldCheck: "Send/Receive, Send/Receive Groups, Define Send/Receive Groups", FieldLeave: "File, Account Settings, Server Settings, Leave a copy of messages on the server", FieldExpunge: "Folder, Purge", FieldTrust: "Windows: Manage computer certificates, Trusted Root Certification Authorities, Import"}},
	{"ios", "iPhone and iPad", []string{"iphone mail", "ipad mail", "ios"}, map[Field]string{
		FieldSecurity: "Settings, Apps, Mail, Mail Accounts, the account, Advanced, Incoming Settings: Use SSL and Server Port", FieldServer: "Settings, Apps, Mail, Mail Accounts, the account, Incoming Mail Server, Host Name",
		FieldUser: "Settings, Apps, Mail, Mail Accounts, the account, Incoming Mail Server, User Name and Password", FieldMethod: "Settings, Apps, Mail, Mail Accounts, the account, Advanced, Authentication",
		FieldPrefix: "Settings, Apps, Mail, Mail Accounts, the account, Advanced, IMAP Path Prefix", FieldFolders: "Settings, Apps, Mail, Mail Accounts, the account, Advanced, Mailbox Behaviours", FieldCheck: "Settings, Apps, Mail, Mail Accounts, Fetch New Data",
		FieldLeave: "Settings, Apps, Mail, Mail Accounts, the account, Advanced, Delete from server", FieldTrust: "Settings, General, VPN & Device Management to install it, then General, About, Certificate Trust Settings to trust it in full"}},
	{"apple-mail", "Apple Mail", []string{"mac os x mail", "macos mail", "apple mail"}, map[Field]string{
		FieldSecurity: "Mail, Settings, Accounts, Server Settings: take the tick off Automatically manage connection settings, then Port and Use TLS/SSL", FieldServer: "Mail, Settings, Accounts, Server Settings, Incoming Mail Server, Host Name",
		FieldUser: "Mail, Settings, Accounts, Server Settings, User Name and Password", FieldMethod: "Mail, Settings, Accounts, Server Settings, Authentication", FieldPrefix: "Mail, Settings, Accounts, Server Settings, Advanced IMAP Settings, IMAP Path Prefix",
		FieldFolders: "Mail, Settings, Accounts, Mailbox Behaviours", FieldCheck: "Mail, Settings, General, Check for new messages", FieldLeave: "Mail, Settings, Accounts, Account Information, Remove copy from server after retrieving a message", FieldExpunge: "Mailbox, Erase Deleted Items", FieldTrust: "Keychain Access, the certificate, Trust: Always Trust"}},
	{"k-9", "K-9 Mail / Thunderbird for Android", []string{"k-9", "k9", "thunderbird for android"}, map[Field]string{
		FieldSecurity: "Account settings, Fetching mail, Incoming server, Security and Port", FieldServer: "Account settings, Fetching mail, Incoming server, IMAP server or POP3 server", FieldUser: "Account settings, Fetching mail, Incoming server, Username and Password",
		FieldMethod: "Account settings, Fetching mail, Incoming server, Authentication", FieldPrefix: "Account settings, Fetching mail, Incoming server: Auto-detect IMAP namespace off, IMAP path prefix", FieldFolders: "Account settings, Folders",
		FieldCheck: "Account settings, Fetching mail, Folder poll frequency", FieldConnections: "Account settings, Fetching mail, Incoming server: fewer folders with Push", FieldExpunge: "Account settings, Fetching mail, Erase deleted messages on server", FieldTrust: "Android: Settings, Security, Encryption & credentials, Install a certificate, CA certificate"}},
	{"fairemail", "FairEmail", []string{"fairemail"}, map[Field]string{
		FieldSecurity: "Settings, Manual setup and account options, Accounts, the account, Encryption and Port number", FieldServer: "Settings, Manual setup and account options, Accounts, the account, Host", FieldUser: "Settings, Manual setup and account options, Accounts, the account, User name and Password",
		FieldFolders: "Settings, Manual setup and account options, Accounts, the account, Folders", FieldCheck: "Settings, Receive, When to receive", FieldTrust: "Android: Settings, Security, Encryption & credentials, Install a certificate, CA certificate"}},
	{"evolution", "Evolution", []string{"evolution"}, map[Field]string{
		FieldSecurity: "Edit, Accounts, the account, Receiving Email, Encryption method and Port", FieldServer: "Edit, Accounts, the account, Receiving Email, Server and Port", FieldUser: "Edit, Accounts, the account, Receiving Email, Username", FieldMethod: "Edit, Accounts, the account, Receiving Email, Authentication",
		FieldConnections: "Edit, Accounts, the account, Receiving Options, Number of concurrent connections to use", FieldPrefix: "Edit, Accounts, the account, Receiving Options, Override server-supplied folder namespace", FieldFolders: "Edit, Accounts, the account, Defaults", FieldCheck: "Edit, Accounts, the account, Receiving Options, Check for new messages", FieldExpunge: "Folder, Expunge"}},
	{"kmail", "KMail", []string{"kmail", "akonadi"}, map[Field]string{
		FieldSecurity: "Settings, Configure KMail, Accounts, Receiving, Modify, Advanced, Safety and Port", FieldServer: "Settings, Configure KMail, Accounts, Receiving, Modify, Server", FieldUser: "Settings, Configure KMail, Accounts, Receiving, Modify, Username and Password", FieldMethod: "Settings, Configure KMail, Accounts, Receiving, Modify, Advanced, Authentication"}},
	{"mutt", "mutt and neomutt", []string{"mutt"}, map[Field]string{
		FieldSecurity: "muttrc: imaps:// or pops:// in set folder and set spoolfile for SSL/TLS; imap:// and set ssl_starttls=yes, set ssl_force_tls=yes for STARTTLS", FieldServer: "muttrc: set folder and set spoolfile", FieldUser: "muttrc: set imap_user and set imap_pass (set pop_user, pop_pass)", FieldMethod: "muttrc: set imap_authenticators",
		FieldFolders: "muttrc: set record, set postponed, set trash", FieldCheck: "muttrc: set mail_check, set pop_checkinterval", FieldLeave: "muttrc: set pop_delete", FieldTrust: "muttrc: set certificate_file"}},
	{"mbsync", "mbsync (isync)", []string{"mbsync", "isync"}, map[Field]string{
		FieldSecurity: ".mbsyncrc: TLSType (SSLType before version 1.5) IMAPS with Port 993, or STARTTLS with Port 143", FieldServer: ".mbsyncrc: Host and Port", FieldUser: ".mbsyncrc: User and PassCmd", FieldMethod: ".mbsyncrc: AuthMechs", FieldPrefix: ".mbsyncrc: Path INBOX. in the IMAPStore (or UseNamespace yes)", FieldExpunge: ".mbsyncrc: Expunge Both", FieldTrust: ".mbsyncrc: CertificateFile"}},
	{"fetchmail", "fetchmail", []string{"fetchmail"}, map[Field]string{
		FieldSecurity: ".fetchmailrc: ssl for SSL/TLS; sslproto 'TLS1.2+' without ssl for STARTTLS; port", FieldServer: ".fetchmailrc: poll HOST port N protocol IMAP (or POP3)", FieldUser: ".fetchmailrc: user and password", FieldMethod: ".fetchmailrc: auth password", FieldCheck: ".fetchmailrc: set daemon SECONDS, interval", FieldLeave: ".fetchmailrc: keep or no keep", FieldTrust: ".fetchmailrc: sslcertfile"}},
	{"offlineimap", "OfflineIMAP", []string{"offlineimap"}, map[Field]string{
		FieldSecurity: ".offlineimaprc, the remote repository: ssl = yes with remoteport = 993, or ssl = no with starttls = yes and remoteport = 143", FieldServer: ".offlineimaprc: remotehost and remoteport", FieldUser: ".offlineimaprc: remoteuser and remotepass (or remotepasseval)", FieldMethod: ".offlineimaprc: auth_mechanisms",
		FieldConnections: ".offlineimaprc: maxconnections", FieldPrefix: ".offlineimaprc: reference, or a nametrans for the prefix", FieldFolders: ".offlineimaprc: folderfilter and nametrans", FieldCheck: ".offlineimaprc: autorefresh (minutes)", FieldExpunge: ".offlineimaprc: expunge = yes", FieldTrust: ".offlineimaprc: sslcacertfile"}},
	{"mpop", "mpop", nil, map[Field]string{
		FieldSecurity: ".mpoprc: tls on, with tls_starttls off for SSL/TLS (port 995) or tls_starttls on for STARTTLS (port 110)", FieldServer: ".mpoprc: host and port", FieldUser: ".mpoprc: user and password (or passwordeval)", FieldMethod: ".mpoprc: auth", FieldLeave: ".mpoprc: keep on or off", FieldTrust: ".mpoprc: tls_trust_file"}},
	{"curl", "curl", nil, map[Field]string{
		FieldSecurity: "imaps:// or pop3s:// for SSL/TLS; imap:// or pop3:// with --ssl-reqd for STARTTLS", FieldServer: "the URL's host and port", FieldUser: "--user NAME:PASSWORD", FieldMethod: "--login-options AUTH=PLAIN", FieldTrust: "--cacert FILE"}},
	{"python", "Python", nil, map[Field]string{
		FieldSecurity: "imaplib.IMAP4_SSL or poplib.POP3_SSL for SSL/TLS; IMAP4(...).starttls() or POP3(...).stls() for STARTTLS", FieldServer: "the host and port arguments", FieldUser: "login(user, password); user() and pass_()", FieldTrust: "ssl.create_default_context(cafile=FILE)"}},
}

// Clients are the names that Name knows: for --client and its completion.
func Clients() []string {
	var names []string
	for i := range clients {
		names = append(names, clients[i].key)
	}
	return names
}

// clientOf is the client that a name or an IMAP ID means, or nil.
func clientOf(name string) *client {
	name = strings.ToLower(name)
	if name == "" {
		return nil
	}
	for i := range clients {
		if clients[i].key == name {
			return &clients[i]
		}
	}
	var known *client
	longest := 0
	for i := range clients { // the longest name: Thunderbird for Android is not Thunderbird
		for _, id := range clients[i].ids {
			if len(id) > longest && strings.Contains(name, id) {
				known, longest = &clients[i], len(id)
			}
		}
	}
	return known
}

// Name says in f's advice where the client has the fields that f is about.
// client is a name of Clients or an IMAP ID; one that is not known changes
// nothing, nor does a second call.
func Name(f *event.Finding, client string, proto event.Proto) {
	c, entry := clientOf(client), Entry{}
	if c != nil {
		entry, _ = Lookup(f.ID)
	}
	where := ""
	if c != nil {
		where = c.where[entry.Field]
	}
	if where == "" || f.Advice == settledAdvice || strings.Contains(f.Advice, where) {
		return
	}
	if entry.Set != "" && strings.HasPrefix(f.Advice, entry.Advice) { // an advice of its own says itself what to set
		where += ": " + entry.value(proto)
	}
	f.Advice += ". In " + c.title + ": " + where
}

// Dialogs are where the common clients have the setting that e is about, a
// line each; none where e is about no setting.
func (e *Entry) Dialogs(proto event.Proto) []string {
	var lines []string
	for i := range clients {
		if where := clients[i].where[e.Field]; where != "" {
			lines = append(lines, clients[i].title+": "+where)
		}
	}
	if len(lines) > 0 && e.Set != "" {
		lines = append([]string{"set it to: " + e.value(proto)}, lines...)
	}
	return lines
}

// value is what to set the field to, with the port of proto.
func (e *Entry) value(proto event.Proto) string {
	implicit, upgraded := 993, 143
	if proto == event.POP3 {
		implicit, upgraded = 995, 110
	}
	return strings.NewReplacer("{tls}", strconv.Itoa(implicit), "{starttls}", strconv.Itoa(upgraded)).Replace(e.Set)
}
