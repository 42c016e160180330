package finding

import (
	"slices"
	"strings"

	"mailtap/parse/event"
)

// dialogNames are methods as the dialogs of mail clients call them.
var dialogNames = map[string]string{
	"CRAM-MD5": "Encrypted password", "DIGEST-MD5": "Encrypted password", "SCRAM-SHA-1": "Encrypted password", "SCRAM-SHA-256": "Encrypted password",
	"XOAUTH2": "OAuth2", "OAUTHBEARER": "OAuth2", "GSSAPI": "Kerberos / GSSAPI", "NTLM": "NTLM", "EXTERNAL": "TLS Certificate",
}

// otherMethod is what to set the authentication method to where the server does
// not take the password as it is; "" where it does.
func (w *Watch) otherMethod() string {
	if !w.noPlainLogin() {
		return ""
	}
	var names []string
	for _, mech := range w.mechanisms() {
		if name := dialogNames[mech]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "set the client's authentication method to " + strings.Join(names, " or ") + ": this server takes nothing else; the administrator can allow the normal password inside TLS (PLAIN, LOGIN)"
}

// offered names the methods that the server has.
func (w *Watch) offered() string {
	have := w.mechanisms()
	if len(have) == 0 {
		return ""
	}
	return " (it offers " + strings.Join(have, ", ") + ")"
}

// mechanisms are those of the server's that mail clients know.
func (w *Watch) mechanisms() []string {
	var have []string
	for _, mech := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER", "GSSAPI", "NTLM", "EXTERNAL"} {
		if w.caps["AUTH="+mech] {
			have = append(have, mech)
		}
	}
	return have
}

// unknownMechanism tells whether the server refused a mechanism that it does
// not have.
func (w *Watch) unknownMechanism(e *event.Event, a *attempt, text string) bool {
	if unsupported(text) {
		return true
	}
	if e.Code == "AUTHENTICATIONFAILED" || e.Code == "AUTH" || len(w.caps) == 0 {
		return false
	}
	has, some := w.caps["AUTH="+a.mech], false
	for c := range w.caps {
		some = some || strings.HasPrefix(c, "AUTH=")
	}
	return !has && (some || a.asked == 0 && e.Status == "BAD") && e.Code != "UNAVAILABLE"
}

// unsupported tells whether a refusal is of the way to log in.
func unsupported(text string) bool {
	return containsAny(text, []string{"unsupported auth", "unsupported sasl", "unsupported mech", "unknown mech", "unknown auth", "unknown sasl", "mechanism not", "no such mech", "mechanism is not", "no mechanism", "invalid mechanism", "not a supported", "method not supported", "unrecognized auth", "unrecognised auth", "unrecognized authentication", "authentication type", "authentication method"})
}

// noPlainLogin tells servers that take the password as it is in no way: what
// most clients are set to.
func (w *Watch) noPlainLogin() bool {
	if w.caps == nil || w.caps["AUTH=PLAIN"] || w.caps["AUTH=LOGIN"] {
		return false
	}
	if w.proto == event.POP3 {
		return !w.caps["USER"] || w.offered() != ""
	}
	return w.caps["LOGINDISABLED"] || w.offered() != ""
}
