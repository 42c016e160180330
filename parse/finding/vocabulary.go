package finding

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What servers say in words, where they give no code. A refusal is judged by
// its code, by the host and by the command first: words come last, and what
// they do not know gets the likeliest meaning of that command's refusal.
//
// Providers word their texts anew and in many languages, so no sentences are
// kept here but notions: a refusal means what the notions say that meet in it
// ("maildrop" and "locked", "IMAP" and "disabled"), in whatever order.

// vocabulary is the words for one notion, in lower case, a language a line.
// Each is the beginning of a word, so that it takes all its forms; one of two
// or three Latin letters is the whole word, and one behind a ~ may stand
// anywhere (in German compounds, and where no spaces are written).
type vocabulary []string

// in tells whether a text in lower case has one of the words.
func (v vocabulary) in(text string) bool {
	for _, stem := range v {
		if anywhere, ok := strings.CutPrefix(stem, "~"); ok && strings.Contains(text, anywhere) || !ok && hasWord(text, stem) {
			return true
		}
	}
	return false
}

// hasWord tells whether a word of text begins with stem.
func hasWord(text, stem string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], stem)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(stem):])
		if !unicode.IsLetter(before) && (len(stem) > 3 || !unicode.IsLetter(after)) {
			return true
		}
		from = i + len(stem)
	}
}

// meet tells whether text has a word of each notion.
func meet(text string, notions ...vocabulary) bool {
	for _, v := range notions {
		if !v.in(text) {
			return false
		}
	}
	return true
}

// What refusals are about.
var (
	credentialWords = vocabulary{
		"password", "passwd", "passphrase", "credential", "username", "user name", "user", "userid", "login",
		"kennwort", "~passwort", "~benutzer", "zugangsdaten", "anmeldedaten",
		"mot de passe", "identifiant", "utilisateur", "contraseña", "clave", "usuario", "credencia", "senha", "usuário", "credenzial", "utente",
		"парол", "логин", "имя пользов", "hasło", "hasła", "wachtwoord", "gebruiker", "lösenord", "heslo", "şifre",
		"~密码", "~帐号", "~账号", "~用户名", "~パスワード",
	}
	accountWords = vocabulary{
		"account", "user", "~konto", "~benutzer", "compte", "utilisateur", "cuenta", "usuario", "conta", "usuário", "utente",
		"аккаунт", "учетная", "учётная", "учетной", "пользовател", "użytkownik", "gebruiker", "účet", "hesap",
		"~帐号", "~账号", "~帐户", "~账户", "~用户", "~アカウント",
	}
	passwordWords = vocabulary{"password", "passwd", "kennwort", "~passwort", "mot de passe", "contraseña", "clave", "senha", "парол", "hasło", "wachtwoord", "lösenord", "heslo", "~密码", "~パスワード"}
	mailboxWords  = vocabulary{
		"mailbox", "maildrop", "mail drop", "maildir", "mail file", "lock file", "lock busy", "get lock", "to lock", "cannot lock", "not lock", "postfach", "mailfach",
		"boîte", "boite", "bal", "buzón", "buzon", "correo", "casella", "caixa", "ящик", "skrzynka", "postvak", "brevlåda", "schránka",
		"~邮箱", "~メールボックス",
	}
	protocolWords   = vocabulary{"imap", "imap4", "pop", "pop3"}
	serviceWords    = vocabulary{"service", "protocol", "access", "dienst", "protokoll", "~zugriff", "~zugang", "abruf", "accès", "protocole", "acceso", "servicio", "protocolo", "accesso", "servizio", "protocollo", "acesso", "serviço", "доступ", "протокол", "dostęp", "usługa", "toegang", "åtkomst", "~服务", "~サービス"}
	connectionWords = vocabulary{
		"connection", "simultaneous", "concurrent", "session", "logins", "clients",
		"too many users", "~verbindung", "~sitzung", "anmeldungen", "gleichzeitig", "connexion", "simultané", "conexion", "conexión", "conexões", "simultán", "connession", "sessioni", "verbindingen",
		"połącz", "соединен", "подключен", "сеанс", "anslutning", "připojen", "bağlant", "συνδ",
		"~连接", "~連線", "~接続",
	}
	addressWords = vocabulary{"ip", "address", "host", "network", "country", "location", "region", "~adresse", "dirección", "direccion", "indirizzo", "endereço", "адрес", "adres", "~地址"}
	attemptWords = vocabulary{
		"attempt", "failures", "tries", "retries", "failed login", "failed logon", "failed auth", "invalid login", "bad login", "bad auth", "incorrect login", "wrong password", "incorrect password", "invalid password", "bad password",
		"~versuch", "fehlgeschlagene anmeldung", "falsche anmeldung", "tentative", "intento", "tentativi", "tentativas", "попыт", "prób", "poging", "försök", "pokus",
		"~次数", "~失败",
	}
)

// What they say of it.
var (
	wrongWords = vocabulary{
		"invalid", "incorrect", "wrong", "bad", "unknown", "mismatch", "not accepted", "does not match", "not recognized", "not recognised", "no such", "not found", "not exist", "doesn't exist", "password error",
		"falsch", "ungültig", "fehlerhaft", "unbekannt", "inkorrekt", "nicht korrekt", "stimmt nicht", "erroné", "mauvais", "inconnu", "invalide", "inválid", "no válid", "erróne", "incorrec", "errat", "sbagliat", "non valid", "non corrett",
		"неверн", "неправильн", "nieprawidłow", "błędn", "niepoprawn", "onjuist", "ongeldig", "felaktig", "fel", "chybn", "nespráv", "geçersiz", "yanlış",
		"~错误", "~不正确", "~間違", "~有误",
	}
	excessWords = vocabulary{
		"too many", "maximum", "max", "exceed", "limit", "upper bound", "more than", "at once", "allowed at", "no more", "queue full", "exhausted",
		"zu viele", "höchst", "maximal", "überschritten", "trop de", "nombre maximal", "demasiad", "máximo", "troppe", "troppi", "massimo", "muitas", "te veel", "för många",
		"за много", "слишком много", "превышен", "zbyt wiele", "příliš mnoho", "çok fazla",
		"~过多", "~太多", "~多すぎ", "~超过", "~超出",
	}
	rateWords = vocabulary{
		"rate limit", "ratelimit", "rate-limit", "request rate", "login rate", "connection rate", "too many requests", "too many commands", "too frequent", "too often", "too fast", "slow down", "frequently",
		"zu häufig", "zu oft", "zu schnell", "trop fréquent", "trop souvent", "frecuen", "troppo spesso", "frequente", "слишком част", "zbyt częst", "te vaak",
		"~过于频繁", "~频率", "~频繁",
	}
	blockedWords = vocabulary{
		"intrusion", "blocked", "banned", "blacklist", "blocklist", "denylist", "denied", "not allowed", "refused", "brute", "refusing", "rejecting",
		"gesperrt", "blockiert", "bloqué", "bloquead", "bloccat", "geblokkeerd", "zablokowan", "заблокирован", "spärrad",
		"~被禁止", "~封禁", "~已封",
	}
	offWords = vocabulary{
		"disabled", "deactivated", "not enabled", "not activated", "not active", "inactive", "not open", "not available for", "not included", "not permitted", "not allowed", "switched off", "turned off", "is off", "not authorized to use", "no access", "enable", "activate",
		"deaktiviert", "nicht aktiv", "nicht freigeschaltet", "nicht erlaubt", "nicht gestattet", "nicht zugelassen", "abgeschaltet", "ausgeschaltet", "freischalten", "aktivieren",
		"désactivé", "pas activé", "non activé", "activer", "activez", "desactivad", "deshabilitad", "no está activad", "habilit", "desativad", "disattivat", "disabilitat", "non attiv", "abilit",
		"отключ", "выключ", "не включ", "запрещ", "включите", "wyłączon", "nieaktywn", "włącz", "uitgeschakeld", "niet ingeschakeld", "inaktiverad", "vypnut", "kapalı",
		"~未开启", "~未开通", "~没有开通", "~没有开启", "~关闭", "~停用", "~無効", "~未启用",
	}
	shutWords = vocabulary{
		"disabled", "locked", "blocked", "suspended", "expired", "deactivated", "inactive", "closed", "frozen", "terminated", "abnormal", "not activated", "not verified", "not confirmed", "be verified", "be reset", "accept the terms", "must be changed", "has to be changed", "must change", "change your",
		"gesperrt", "deaktiviert", "abgelaufen", "stillgelegt", "geändert werden", "bloqué", "suspendu", "désactivé", "expiré", "clôturé", "fermé", "bloquead", "suspendid", "suspens", "deshabilitad", "desactivad", "desativad", "caducad", "expirad", "vencid", "bloccat", "sospes", "disattivat", "scadut",
		"заблокирован", "отключен", "отключён", "истек", "истёк", "приостановлен", "zablokowan", "zawieszon", "wygas", "geblokkeerd", "verlopen", "spärrat", "zablokován",
		"~锁定", "~冻结", "~禁用", "~过期", "~停用", "~异常",
	}
	laterWords = vocabulary{
		"temporar", "try again later", "try again in", "try later", "later", "internal", "timeout", "timed out", "not responding", "no response", "database", "connection refused", "could not connect", "unable to connect", "failed to connect", "back-end", "backend", "system problem", "system failure", "system error", "server error", "unavailable", "crash", "busy", "overload", "ldap", "sql", "cannot connect", "auth server", "authentication server", "lookup failed", "maintenance", "cannot reach", "unreachable",
		"später", "vorübergehend", "überlastet", "wartung", "interner", "datenbank", "plus tard", "temporaire", "momentané", "indisponible", "más tarde", "temporal", "più tardi", "temporane", "momentanea", "mais tarde",
		"позже", "временн", "tijdelijk", "tymczasow", "tillfällig", "dočasn", "geçici",
		"~稍后", "~稍後", "~繁忙", "~维护",
	}
	lockedWords = vocabulary{
		"locked", "lock", "in use", "busy", "unable to lock", "exclusive",
		"gesperrt", "benutz", "verwendet", "in benutzung", "utilisé", "utilisation", "verrouill", "en uso", "bloquead", "in uso", "bloccat", "em uso", "используется", "заблокирован", "занят", "in gebruik", "w użyciu", "zablokowana",
		"~锁定", "~占用", "~使用中",
	}
	// elsewhereWords say that somebody else has it now.
	elsewhereWords = vocabulary{
		"another session", "another pop", "another process", "another client", "another user", "other session", "other client", "someone else", "in use by", "is in use", "mailbox in use", "already in use", "already has an active", "already locked", "already logged in", "already open", "active session",
		"andere sitzung", "anderen sitzung", "anderen client", "anderes programm", "bereits benutzt", "bereits verwendet", "bereits geöffnet", "bereits in benutzung", "in benutzung", "autre session", "déjà utilisé", "en cours d'utilisation", "otra sesión", "ya está en uso", "altra sessione", "già in uso", "outra sessão",
		"используется", "другим", "другой", "in gebruik", "w użyciu", "inna sesja", "~占用", "~使用中",
	}
	delayWords = vocabulary{"login delay", "login-delay", "minimum interval", "logging in too", "login interval", "between logins", "between mail checks", "too soon", "checks too", "check mail too", "mail too often", "wartezeit zwischen", "zu kurz hintereinander"}
	// everyWords and intervalWords together are how often something is allowed.
	everyWords    = vocabulary{"every", "interval", "once", "between", "delay", "within", "soon", "minimum", "wait", "alle", "abstand", "intervall", "hintereinander", "toutes", "cada", "ogni", "каждые", "co", "elke", "var", "~每"}
	intervalWords = vocabulary{"second", "sec", "min", "minute", "hour", "sekunde", "~minute", "stunde", "seconde", "heure", "segundo", "minuto", "minuti", "hora", "секунд", "минут", "час", "sekund", "~秒", "~分钟"}
	checkWords    = vocabulary{"login", "logon", "log in", "logging in", "logins", "check", "access", "poll", "mail", "~anmeldung", "~abruf", "~zugriff", "connexion", "relève", "relev", "courrier", "correo", "posta", "acceso", "accesso", "доступ", "провер", "dostęp", "~登录", "~收信"}
	clearWords    = vocabulary{
		"plaintext", "plain text", "cleartext", "clear text", "unencrypted", "not encrypted", "without encryption", "encryption required", "encryption is required", "requires encryption", "non-secure", "not secure", "insecure", "secure connection", "secure channel", "encrypted connection", "encrypted channel", "under a layer", "starttls", "stls", "tls", "ssl",
		"~verschlüssel", "klartext", "chiffr", "sécuris", "cifrad", "segura", "crittograf", "sicura", "шифров", "защищен", "защищён", "szyfrow", "versleutel", "krypter", "šifrov",
		"~加密", "~暗号",
	}
	certificateWords = vocabulary{"certificate", "cert", "~zertifikat", "certificat", "сертификат", "certyfikat", "~证书"}
	// wantingWords and certificateWords together are a client's certificate that is lacking.
	wantingWords = vocabulary{"client", "present", "required", "missing", "valid", "erforderlich", "fehlt", "requis", "manquant", "requerid", "richiest", "требует", "wymagan", "~客户端"}
	commandWords = vocabulary{"bad command", "invalid command", "invalid imap command", "unknown command"}
	// refusedWords say that a login failed, and not why.
	refusedWords = vocabulary{"login fail", "logon fail", "authentication fail", "auth fail", "anmeldung fehlgeschlagen", "authentifizierung fehlgeschlagen", "authentification échou", "échec de l'authentification", "autenticación fallida", "autenticazione fallita", "ошибка аутентиф", "ошибка авториз", "~认证失败", "~登录失败"}
	// loginWords are the login itself: a BYE in place of its answer that speaks of it refuses it.
	loginWords = vocabulary{"authent", "authoriz", "login", "logon", "log in", "~anmeld", "authentif", "identifi", "autent", "аутентиф", "авториз", "вход", "uwierzytel", "logowan", "aanmeld", "inlogg", "přihláš", "~认证", "~登录", "~ログイン"}
	stateWords = vocabulary{"valid in this state", "invalid state", "wrong state", "invalid in this state", "allowed in this state"}
	// briefWords say that what does not work will.
	briefWords = vocabulary{"temporar", "for the moment", "at the moment", "currently", "vorübergehend", "momentan", "zurzeit", "temporaire", "temporal", "temporane", "временн", "tijdelijk", "tymczasow", "tillfällig", "~暂时"}
	largeWords = vocabulary{"too large", "too big", "exceeds the maximum", "exceeds maximum", "size limit", "message size", "zu groß", "trop volumineu", "trop gros", "demasiado grande", "troppo grande", "слишком больш", "za duż"}
	oftenWords = vocabulary{"too often", "too frequent", "frequently", "too soon", "zu oft", "zu häufig", "trop souvent", "trop fréquent", "frecuen", "troppo spesso", "слишком част", "zbyt częst", "te vaak", "~频繁"}
	basicWords = vocabulary{"basic auth", "basic login", "legacy auth", "less secure"}
	hedgeWords = vocabulary{"or", "either", "may", "might", "maybe", "possibly", "oder", "ou", "o", "или", "lub", "~或", "~可能"}
)

// What they say of mailboxes, and when they take leave.
var (
	absentWords = vocabulary{
		"doesn't exist", "does not exist", "unknown mailbox", "unknown folder", "no such mailbox", "no such folder", "not found", "not be found", "invalid folder", "invalid mailbox", "nonexistent", "non-existent", "isn't a mailbox", "not a mailbox", "can't open mailbox", "cannot open mailbox", "not exist",
		"existiert nicht", "nicht gefunden", "n'existe pas", "introuvable", "no existe", "non esiste", "não existe", "не существует", "не найден", "bestaat niet", "nie istnieje", "neexistuje", "finns inte",
		"~不存在", "~存在しません",
	}
	namespaceWords = vocabulary{"namespace", "should probably be prefixed", "must be prefixed", "prefixed with", "begin with inbox", "start with inbox", "below inbox", "under inbox", "subfolders of inbox", "children of inbox"}
	quotaWords     = vocabulary{
		"quota", "mailbox is full", "mailbox full", "mailbox size", "not enough disk", "disk full", "no space", "out of space", "storage", "over the limit",
		"speicherplatz", "postfach ist voll", "postfach voll", "espace", "pleine", "espacio", "lleno", "spazio", "pien", "espaço", "переполнен", "место", "места", "vol is", "miejsc", "pełn",
		"~空间", "~容量", "~已满",
	}
	rightsWords = vocabulary{"permission denied", "access denied", "not permitted", "no permission", "not authorized", "insufficient rights", "no rights", "keine berechtigung", "zugriff verweigert", "nicht berechtigt", "accès refusé", "permiso denegado", "permesso negato", "нет прав", "доступ запрещ", "brak uprawnień", "geen toestemming", "~权限"}
	neverWords  = vocabulary{"not supported", "unsupported", "not possible", "can't be", "cannot be", "nicht unterstützt", "nicht möglich", "pas possible", "no es posible", "non è possibile", "не поддерж", "невозможно"}
	endedWords  = vocabulary{"inactiv", "idle", "timeout", "timed out", "time-out", "autologout", "auto-logout", "shutting down", "shutdown", "going down", "restart", "maintenance", "inaktiv", "zeitüberschreitung", "inactif", "неактив"}
	idleWords   = vocabulary{"inactiv", "idle", "timeout", "timed out", "time-out", "autologout", "auto-logout", "inaktiv", "zeitüberschreitung", "délai", "неактив", "too long"}
	expiryWords = vocabulary{"session expired", "session has expired", "session invalidated", "token expired", "token has expired", "~accesstokenexpired", "access token", "sitzung abgelaufen", "sitzung ist abgelaufen", "session a expiré", "sesión ha", "сессия истекла", "credentials have expired", "credentials expired", "authentication expired", "please login again", "please log in again", "reauthenticate", "re-authenticate"}
)
