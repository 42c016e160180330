package finding

import (
	"regexp"
	"strings"
	"unicode"

	"mailtap/parse/event"
)

// refusal is what the words of a refused login mean: an id, or "" where they
// say nothing that one could go by. What is said of a maildrop, of attempts
// and of addresses is told first, since such texts often speak of logins too;
// one that blames the user name or the password means that, whatever else it
// mentions.
func refusal(text string, proto event.Proto) string {
	pop := proto == event.POP3
	switch {
	case pop && inUse(text):
		return "pop.in-use"
	case pop && tooSoon(text):
		return "pop.login-delay"
	case addressBlocked(text):
		return "auth.blocked-ip"
	case meet(text, wrongWords, credentialWords):
		return "auth.bad-credentials"
	case protocolOff(text):
		return "auth.service-disabled"
	case accountShut(text):
		return "auth.account-state"
	case meet(text, serviceWords, offWords) && !briefWords.in(text):
		return "auth.service-disabled"
	case laterWords.in(text):
		return "auth.tempfail"
	}
	return ""
}

// inUse: another session has the maildrop.
func inUse(text string) bool {
	about := mailboxWords.in(text)
	return (about || accountWords.in(text)) && elsewhereWords.in(text) || about && lockedWords.in(text) && !accountWords.in(text)
}

// tooSoon: mail is checked for more often than the server allows. It tells the
// interval, as a number of minutes or so.
func tooSoon(text string) bool {
	return delayWords.in(text) || meet(text, oftenWords, checkWords) || meet(text, everyWords, intervalWords, checkWords) && strings.ContainsFunc(text, unicode.IsDigit) && !attemptWords.in(text) && !briefWords.in(text)
}

// addressBlocked: the server keeps this address out, mostly after refused logins.
func addressBlocked(text string) bool {
	return tooManyAttempts(text) || blockedWords.in(text) && (addressWords.in(notOfMail.Replace(text)) || ipv4.MatchString(text)) || strings.Contains(text, "intrusion prevention")
}

var ipv4 = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)

// notOfMail takes the addresses of people away.
var notOfMail = strings.NewReplacer("e-mail address", "", "email address", "", "mail address", "", "e-mail-adresse", "", "mailadresse", "", "adresse e-mail", "", "adresse mail", "", "indirizzo e-mail", "", "indirizzo email", "", "почтовый адрес", "")

func tooManyAttempts(text string) bool { return meet(text, excessWords, attemptWords) }

// protocolOff: IMAP or POP3 is not switched on for the account.
func protocolOff(text string) bool {
	off := offWords.in(text) || shutWords.in(text) && !accountWords.in(text)
	return off && protocolWords.in(text) && !briefWords.in(text)
}

// accountShut: the account or its password is locked or has expired.
func accountShut(text string) bool {
	return shutWords.in(text) && (accountWords.in(text) || mailboxWords.in(text) || passwordWords.in(text))
}
