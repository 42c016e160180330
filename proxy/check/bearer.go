package check

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"mailtap/parse/event"
)

// bearers are the SASL mechanisms that take an OAuth2 access token: the
// standard one (RFC 7628), and Google's and Microsoft's own.
var bearers = []string{"OAUTHBEARER", "XOAUTH2"}

// bearer reports whether a server takes tokens.
func (s *Server) bearer() bool {
	return slices.ContainsFunc(bearers, func(m string) bool { return slices.Contains(s.Mechanisms, m) })
}

// tokensOnly reports whether a server takes tokens and no password.
func (s *Server) tokensOnly() bool {
	return s.bearer() && !slices.ContainsFunc(append(methods["plain"], methods["secure"]...), func(m string) bool { return slices.Contains(s.Mechanisms, m) })
}

const bearerAdvice = "it opens the provider's own page for the login; a client without OAuth2 cannot be used with this provider"

// bear logs in with an OAuth2 access token. With POP3 it is never sent along
// with the command: a token is longer than a line may be there (RFC 5034 §4).
func (c *checker) bear(k *talk, s *Server, l *Login) answer {
	i := slices.IndexFunc(bearers, func(m string) bool { return slices.Contains(s.Mechanisms, m) })
	if i < 0 {
		l.Skipped = "the server takes no OAuth2 token: it offers " + orNothing(s.Mechanisms)
		return answer{}
	}
	mech := bearers[i]
	l.How = "OAuth2 (" + mech + ")"
	response := base64.StdEncoding.EncodeToString([]byte(c.bearerResponse(s, mech)))
	var a answer
	switch {
	case k.proto == event.POP3:
		a = k.ask("AUTH", mech, response)
	case hasCap(s.caps(), "SASL-IR"):
		a = k.ask("AUTHENTICATE", mech+" "+response)
	default:
		a = k.ask("AUTHENTICATE", mech, response)
	}
	l.OK, l.Said, l.Denied = a.ok(), a.said(), a.denied
	return a
}

// bearerResponse is the client's one message.
func (c *checker) bearerResponse(s *Server, mech string) string {
	if mech == "XOAUTH2" {
		return fmt.Sprintf("user=%s\x01auth=Bearer %s\x01\x01", c.User, c.Token)
	}
	name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(c.User) // RFC 5801 §4: saslname
	return fmt.Sprintf("n,a=%s,\x01host=%s\x01port=%d\x01auth=Bearer %s\x01\x01", name, s.endpoint.Host, s.endpoint.Port, c.Token)
}

// bearerEnd answers the error that a server sends before it refuses a token:
// with ^A for OAUTHBEARER (RFC 7628 §3.2.3), with an empty line for XOAUTH2.
func bearerEnd(command string) string {
	if strings.Contains(command, "OAUTHBEARER") {
		return "AQ=="
	}
	return ""
}
