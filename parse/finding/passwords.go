package finding

// passwordHint is what a provider wants of a mail client's password: many take
// another one than in the browser, and refuse that as they refuse a wrong one.
type passwordHint struct {
	hosts    []string
	greeting string // lower case, where the host does not tell
	advice   string
	also     []string
}

var passwordHints = []passwordHint{
	{hosts: []string{"gmail.com", "googlemail.com"}, greeting: "gimap ready", also: []string{"auth.gmail.app-password"},
		advice: "Gmail takes the account's own password from no mail client: set the authentication method to OAuth2 and sign in in the window that opens; or switch 2-Step Verification on in the Google account (Security), make an app password there (App passwords), and put its 16 letters in the client in place of the usual password; the user name is the whole address"},
	{hosts: []string{"me.com", "icloud.com", "mac.com"}, greeting: "iceworld",
		advice: "iCloud wants an app-specific password from mail clients: make one at account.apple.com under Sign-In and Security, and put it in the client in place of the usual one; the user name is the part before the @ for IMAP"},
	{hosts: []string{"fastmail.com", "messagingengine.com"},
		advice: "Fastmail wants an app password from mail clients: make one under Settings, Privacy & Security, Manage app passwords, with access to mail (IMAP or POP), and put it in the client in place of the usual one; the user name is the whole address"},
	{hosts: []string{"zoho.com", "zoho.eu", "zoho.in", "zoho.com.au"},
		advice: "Zoho: with two-factor login make an application-specific password at accounts.zoho.com under Security, App Passwords, and put it in the client in place of the usual one; IMAP or POP has to be switched on under Settings, Mail Accounts; accounts in Europe are on imap.zoho.eu, not imap.zoho.com"},
	{hosts: []string{"yandex.ru", "yandex.com", "ya.ru"}, also: []string{"auth.service-disabled"},
		advice: "Yandex wants an app password of the kind Mail: make one at id.yandex.com under Security, App passwords, and put it in the client in place of the usual one; and switch IMAP or POP3 on in Yandex Mail under Settings, Email clients"},
	{hosts: []string{"mail.ru", "inbox.ru", "list.ru", "bk.ru"},
		advice: "Mail.ru wants a password for external applications: make one at account.mail.ru under Security, Passwords for external applications, and put it in the client in place of the usual one"},
	{hosts: []string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.com", "web.de", "mail.com"}, also: []string{"auth.service-disabled"},
		advice: "GMX, WEB.DE and mail.com let mail clients in only after POP3 and IMAP were switched on: log in to the web mail, Settings (E-Mail, Einstellungen), POP3/IMAP, and allow access; with two-factor login make an application-specific password there and put it in the client; the user name is the whole address"},
	{hosts: []string{"t-online.de", "magenta.de"},
		advice: "Telekom (t-online.de) wants a password of its own for mail clients, not that of the login: set it in the web mail or the customer center under Passwort für E-Mail-Programme, and put that in the client; the user name is the whole address"},
	{hosts: []string{"wp.pl", "o2.pl", "interia.pl", "onet.pl", "naver.com", "daum.net"}, also: []string{"auth.service-disabled"},
		advice: "type the password anew; this provider lets mail clients in only after IMAP or POP3 was switched on in the settings of its web mail; with two-step login make an application password there, and put it in the client in place of the usual one"},
	{greeting: "proton mail bridge",
		advice: "Proton Mail Bridge takes neither the Proton password nor that of the mailbox: open the Bridge's window, choose the account, Mailbox details, and copy the user name and the password that stand there into the client"},
}

// passwordHint is what the session's provider wants, or nil.
func (f *facts) passwordHint() *passwordHint {
	for i := range passwordHints {
		h := &passwordHints[i]
		if below(f.upstream, h.hosts) || f.certified(h.hosts) || h.greeting != "" && containsAny(f.greeting, []string{h.greeting}) {
			return h
		}
	}
	return nil
}
