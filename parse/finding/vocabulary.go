package finding

import "strings"

// What servers say in words where they give no code. A refusal is judged by
// its code, by the host and by the command first: these come last, and what
// they do not know gets the likeliest meaning of that command's refusal.
// Stems, in lower case, of the languages that mail servers are found to speak.
var (
	connectionWords = []string{"connection", "simultaneous", "concurrent", "sessions", "logins", "clients", "verbindung", "sitzungen", "anmeldungen", "connexion", "conexion", "conexiones", "conexões", "conessioni", "connessioni", "verbindingen", "połącz", "соединен", "подключен", "сеанс", "anslutning", "připojen", "连接", "連線", "接続", "bağlant", "συνδ"}
	excessWords     = []string{"too many", "maximum", "exceed", "limit", "zu viele", "höchst", "überschritten", "trop de", "nombre maximal", "demasiad", "máximo", "troppe", "massimo", "te veel", "för många", "за много", "слишком много", "превышен", "zbyt wiele", "příliš mnoho", "muitas", "过多", "太多", "多すぎ", "çok fazla", "upper bound", "more than", "allowed at once", "at once"}
	failureWords    = []string{"invalid imap command", "bad command", "unknown command", "failed login", "login failure", "login attempts", "failed attempts", "authentication failure", "auth failures", "authentication attempts", "fehlversuch", "fehlgeschlagen"}
	rateWords       = []string{"rate limit", "ratelimit", "rate-limit", "too many requests", "too many commands", "too frequent", "too often", "too fast", "slow down", "request rate", "zu häufig", "zu oft", "trop fréquent", "frecuencia", "слишком часто", "过于频繁", "频率"}

	blockedWords = []string{"intrusion", "blocked", "banned", "blacklist", "blocklist", "denylist", "access denied from", "not allowed from", "gesperrt", "bloqué", "bloquead", "bloccat", "заблокирован", "geblokkeerd", "zablokowan", "已被禁止", "too many failed", "brute force"}
	addressWords = []string{"ip", "address", "host", "adresse", "dirección", "indirizzo", "адрес", "endereço"}

	laterWords = []string{"temporar", "try again later", "try later", "internal error", "internal server error", "back-end", "backend", "system problem", "service unavailable", "server busy", "currently unavailable", "please retry", "später", "vorübergehend", "plus tard", "temporaire", "más tarde", "temporal", "più tardi", "temporane", "позже", "временн", "mais tarde", "tijdelijk", "tymczasow", "稍后", "稍後", "ldap", "sql", "cannot connect to auth", "auth server", "authentication server", "lookup failed"}

	disabledServiceWords = []string{"service is not open", "service not open", "not enabled for", "is not enabled", "imap access is disabled", "pop access is disabled", "imap is disabled", "pop is disabled", "pop3 is disabled", "imap4 is disabled", "pop3 access is disabled", "access disabled", "access is disabled", "enable imap", "enable pop", "not allowed to use imap", "not allowed to use pop", "imap not allowed", "pop3 not allowed", "no imap access", "no pop3 access", "protocol is disabled", "protocol disabled", "service disabled", "service is disabled", "imap-zugriff", "pop3-zugriff", "imap ist deaktiviert", "pop3 ist deaktiviert", "未开启", "未开通", "服务未"}
	accountStateWords    = []string{"account is disabled", "account disabled", "account has been disabled", "account locked", "account is locked", "account has been locked", "suspended", "account has expired", "account expired", "password expired", "password has expired", "password must be changed", "change your password", "login disabled for this user", "user is disabled", "user disabled", "account inactive", "account is inactive", "deactivated", "konto gesperrt", "konto ist gesperrt", "konto deaktiviert", "kennwort abgelaufen", "passwort abgelaufen", "compte désactivé", "compte suspendu", "cuenta suspendida", "cuenta deshabilitada", "conta suspensa", "учетная запись отключена", "заблокирована учетная"}

	clearWords = []string{"plaintext authentication disallowed", "cleartext authentication disallowed", "plaintext authentication is disabled", "plaintext auth", "cleartext login", "plaintext login", "clear text", "cleartext", "starttls first", "stls first", "starttls command first", "stls command first", "must issue a starttls", "must use tls", "must use ssl", "use tls", "use ssl", "tls required", "ssl required", "requires tls", "requires ssl", "tls is required", "ssl is required", "encryption required", "requires encryption", "secure connection", "secure channel", "encrypted connection", "encrypted channel", "unencrypted", "not encrypted", "non-secure", "login disabled until tls", "only allowed over tls", "over tls", "over ssl", "without tls", "without ssl", "verschlüssel", "chiffr", "cifrad", "crittograf", "шифров", "tls/ssl", "ssl/tls", "加密"}

	absentWords    = []string{"doesn't exist", "does not exist", "unknown mailbox", "unknown folder", "no such mailbox", "no such folder", "mailbox not found", "folder not found", "nonexistent", "non-existent", "isn't a mailbox", "not a mailbox", "can't open mailbox", "cannot open mailbox", "not exist", "existiert nicht", "nicht gefunden", "n'existe pas", "introuvable", "no existe", "non esiste", "não existe", "не существует", "не найден", "bestaat niet", "nie istnieje", "不存在", "存在しません"}
	namespaceWords = []string{"nonexistent namespace", "non-existent namespace", "should probably be prefixed", "invalid namespace", "invalid mailbox name; must", "must be prefixed", "prefixed with", "unknown namespace", "outside of namespace", "wrong namespace", "must begin with inbox", "must start with inbox", "only create subfolders of inbox", "namespace"}
	quotaWords     = []string{"quota", "mailbox is full", "mailbox full", "mailbox size", "not enough disk", "disk full", "no space", "out of space", "storage limit", "over the limit", "speicherplatz", "postfach ist voll", "postfach voll", "espace disque", "boîte pleine", "espacio", "buzón lleno", "spazio", "переполнен", "место", "vol is", "空间", "容量"}

	inUseWords = []string{"already locked", "is locked", "mailbox locked", "maildrop locked", "already in use", "is in use", "in use by", "unable to lock", "cannot lock", "could not lock", "can't lock", "failed to lock", "failed to create lock", "get lock", "another pop3 session", "another session", "another process", "another client", "mailbox in use", "lock busy", "lock file", "locked by", "exclusive", "wird bereits benutzt", "wird bereits verwendet", "in benutzung", "gesperrt von", "déjà utilisé", "verrouill", "en uso", "bloqueado por", "in uso", "используется", "заблокирован другим", "in gebruik"}
	delayWords = []string{"login delay", "login-delay", "minimum interval between", "logging in too", "login interval", "between logins", "too soon", "once every", "checks too", "check mail too", "mail too often", "wartezeit zwischen", "zu kurz hintereinander"}

	endedWords  = []string{"inactiv", "idle", "timeout", "timed out", "time-out", "autologout", "auto-logout", "shutting down", "shutdown", "going down", "restart", "maintenance", "inaktiv", "zeitüberschreitung", "inactif", "неактив"}
	idleWords   = []string{"inactiv", "idle", "timeout", "timed out", "time-out", "autologout", "auto-logout", "inaktiv", "zeitüberschreitung", "délai", "неактив", "too long"}
	expiryWords = []string{"session expired", "session has expired", "token expired", "token has expired", "accesstokenexpired", "access token", "sitzung abgelaufen", "credentials have expired", "credentials expired", "authentication expired", "please login again", "please log in again", "reauthenticate", "re-authenticate"}
)

// both tells whether text has a word of each list.
func both(text string, a, b []string) bool { return containsAny(text, a) && containsAny(text, b) }

// hasWord tells whether text has w as a word of its own.
func hasWord(text, w string) bool {
	for _, f := range strings.FieldsFunc(text, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80 }) {
		if f == w {
			return true
		}
	}
	return false
}
