package finding

import (
	"strings"
	"testing"

	"mailtap/parse/event"
)

// TestRefusal: refusals of logins as servers of many kinds and countries word
// them. A text that says nothing is "".
func TestRefusal(t *testing.T) {
	for id, texts := range map[string][]string{
		"": {
			"Login failed.", "LOGIN failed", "authorization failed", "Kein Zugriff", "nope", "permission denied", "Authentication Failed",
			"Lies! Try again!", "Unable to log on", "Přihlášení se nezdařilo", "Anmeldung fehlgeschlagen", "Autenticazione non riuscita", "Login failed: generic failure",
		},
		"auth.bad-credentials": {
			"Invalid user name or password.", "Identifiant ou mot de passe incorrect", "Usuario o contraseña incorrectos", "Неверный логин или пароль",
			"Nieprawidłowy login lub hasło", "Usuário ou senha inválidos", "Benutzername oder Kennwort falsch", "credenziali non valide", "用户名或密码错误",
			"The specified mailbox or password is invalid", "incorrect password or account name", `Password supplied for "bob" is incorrect.`, "user not exist", "Password error, please retry",
			"LOGIN invalid credentials or IMAP is disabled", "bad password; if your account is locked, try again later", "no such user",
		},
		"auth.service-disabled": {
			"Your account is not enabled for IMAP use. Please visit your settings page", "IMAP service not activated", "POP3-Zugang gesperrt", "third party access is not enabled", "POP3/IMAP-Abruf ist deaktiviert",
			"POP3 ist nicht freigeschaltet", "用户没有开通POP3服务", "Dostęp przez IMAP jest wyłączony", "IMAP access is not allowed for this account, upgrade your plan",
			"Доступ по IMAP отключен", "L'accès POP n'est pas activé", "El acceso IMAP está deshabilitado", "Accesso POP3 non abilitato: disabilitato dall'utente", "You are yet to enable IMAP for your account.",
		},
		"auth.account-state": {
			"Account suspended for non payment", "Ihr Konto wurde gesperrt. Bitte melden Sie sich im Kundenportal an", "Votre compte est bloqué", "La contraseña ha caducado",
			"аккаунт заблокирован", "Das Kennwort ist abgelaufen", "user suspended", "User not activated", "You have to accept the terms of use: account blocked", "Your password has to be reset: it has expired", "Conta suspensa", "Utente bloccato", "账号已被锁定", "Your password has expired and must be changed", "Konto zostało zablokowane",
		},
		"auth.blocked-ip": {
			"Too many failed attempts from 203.0.113.9, try again later", "Your IP 203.0.113.9 has been blocked", "Access denied for 203.0.113.9", "Logins from your country are not allowed", "Su dirección IP está bloqueada", "Zu viele Fehlversuche",
			"Access denied: dynamic screening, your address is refused", "Trop de tentatives de connexion", "Слишком много неудачных попыток", "Maximum login attempts exceeded",
		},
		"auth.tempfail": {
			"Temporary problem, please try again later", "Server not responding", "Interner Serverfehler", "database error", "aack, child crashed", "Servizio momentaneamente non disponibile", "system failure: exception during auth",
			"Authentifizierungsdienst vorübergehend nicht verfügbar", "Servicio no disponible temporalmente", "IMAP is temporarily disabled for maintenance", "系统繁忙，请稍后再试", "Cannot connect to LDAP server",
		},
	} {
		for _, text := range texts {
			if got := refusal(strings.ToLower(text), event.IMAP); got != id {
				t.Errorf("%q means %q, want %q", text, got, id)
			}
		}
	}
}

// TestRefusalOfMaildrop: what POP3 servers alone say.
func TestRefusalOfMaildrop(t *testing.T) {
	for id, texts := range map[string][]string{
		"pop.in-use": {
			"Maildir invalid (no 'maildir') or lock busy", "/var/spool/mail/.alice.pop lock busy!  Is another session active? (11)", "Your mailbox is already locked",
			"Boîte aux lettres déjà en cours d'utilisation", "El buzón está bloqueado por otra sesión", "Casella di posta già in uso", "Postfach wird gerade von einer anderen Sitzung benutzt",
			"Mail file is in use by another process", "邮箱已被锁定", "the user already has an active session", "Ящик используется другим клиентом",
		},
		"pop.login-delay": {
			"You may only check your mail every 15 minutes", "you are checking mail too often", "Vous relevez votre courrier trop souvent: accès refusé", "login allowed only every 5 minutes", "POP3-Zugriff nur alle 15 Minuten erlaubt", "minimum interval between logins not met",
			"Connexion autorisée toutes les 10 minutes", "Проверять почту можно каждые 5 минут",
		},
		"auth.account-state": {"Your account is locked", "Su cuenta de correo está bloqueada", "Votre compte est verrouillé et bloqué"},
		"auth.blocked-ip":    {"Locked for 15 minutes after too many failed logins"},
		"":                   {"authorization failed", "sorry, no mailbox for bob here"},
	} {
		for _, text := range texts {
			if got := refusal(strings.ToLower(text), event.POP3); got != id {
				t.Errorf("%q means %q, want %q", text, got, id)
			}
		}
	}
}

// TestHasWord: a stem is the beginning of a word, a short one the whole word.
func TestHasWord(t *testing.T) {
	for _, tt := range []struct {
		text, word string
		want       bool
	}{
		{"a multiple recipient", "ip", false}, {"your ip: 192.0.2.1", "ip", true}, {"pop3 is off", "pop", true}, {"popular", "pop", false},
		{"lockdown", "lock", true}, {"unlocked", "locked", false}, {"zugriffe", "~zugriff", true}, {"imap-zugriff", "~zugriff", true}, {"登录失败", "~失败", true},
	} {
		if got := (vocabulary{tt.word}).in(tt.text); got != tt.want {
			t.Errorf("%q in %q: %v, want %v", tt.word, tt.text, got, tt.want)
		}
	}
}
