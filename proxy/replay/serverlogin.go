package replay

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"mailtap/parse/event"
)

// login answers a login: as the recorded server answered the one that it took,
// whatever the credentials are; or where they are checked by them.
func (c *caller) login(e *event.Event, msg []byte) error {
	t := c.terms()
	switch {
	case t.required && t.upgrade && c.pop():
		return c.say([]byte("-ERR [AUTH] mailtap: TLS is required before a login\r\n"))
	case t.required && t.upgrade:
		return c.complete(e, "NO", "[PRIVACYREQUIRED] mailtap: TLS is required before a login")
	case c.logged:
		return c.complete(e, "BAD", "mailtap: logged in already")
	}
	words := strings.Fields(string(bytes.TrimRight(msg, "\r\n")))
	switch e.Name {
	case "USER":
		_, c.user, _ = strings.Cut(string(bytes.TrimRight(msg, "\r\n")), " ")
		return c.complete(e, "OK", "")
	case "PASS":
		_, password, _ := strings.Cut(string(bytes.TrimRight(msg, "\r\n")), " ")
		return c.decide(e, credentials{c.user, password}, true)
	case "LOGIN":
		user, password, ok := loginArguments(msg)
		if !ok {
			return c.complete(e, "BAD", "mailtap: expected a user name and a password")
		}
		return c.decide(e, credentials{user, password}, true)
	case "AUTHENTICATE":
		if len(words) > 2 {
			return c.sasl(e, strings.ToUpper(words[2]), words[3:])
		}
	case "AUTH":
		if len(words) == 1 {
			return c.say([]byte("+OK\r\n" + strings.Join(append(t.mechanisms(), "."), "\r\n") + "\r\n"))
		}
		return c.sasl(e, strings.ToUpper(words[1]), words[2:])
	}
	return c.complete(e, "NO", "[CANNOT] mailtap: of the ways to log in a replay knows "+strings.Join(t.mechanisms(), ", "))
}

// decide sends the recorded answer to a login that is taken, or refuses it.
// proved tells that what was shown is right, where it is no password.
func (c *caller) decide(e *event.Event, shown credentials, password bool) error {
	if c.Checked && (subtle.ConstantTimeCompare([]byte(shown.user), []byte(c.User)) != 1 ||
		password && subtle.ConstantTimeCompare([]byte(shown.password), []byte(c.Password)) != 1) {
		if c.pop() {
			return c.say([]byte("-ERR [AUTH] mailtap: the credentials are not those of --user and --password-file\r\n"))
		}
		return c.complete(e, "NO", "[AUTHENTICATIONFAILED] mailtap: the credentials are not those of --user and --password-file")
	}
	st := c.accepted
	if st == nil && c.refused != nil {
		st = c.refused
	}
	if st == nil {
		c.logged = true
		return c.complete(e, "OK", "logged in")
	}
	c.logged = st == c.accepted
	for _, p := range st.parts {
		if c.pop() && !p.turn.Completes {
			continue
		}
		if err := c.say(c.terms().rewritten(retagged(p.turn, e.Tag))); err != nil {
			return err
		}
	}
	return nil
}

// loginArguments reads the two strings of LOGIN: atoms, quoted, or literals.
func loginArguments(msg []byte) (user, password string, ok bool) {
	rest := msg
	for range 2 { // the tag, LOGIN
		_, after, found := bytes.Cut(rest, []byte(" "))
		if !found {
			return "", "", false
		}
		rest = after
	}
	if user, rest, ok = astring(rest); !ok {
		return "", "", false
	}
	password, _, ok = astring(bytes.TrimLeft(rest, " "))
	return user, password, ok
}

// astring reads a string at the beginning of data (RFC 9051 §9).
func astring(data []byte) (value string, rest []byte, ok bool) {
	switch {
	case len(data) == 0:
		return "", nil, false
	case data[0] == '{':
		line, after := cutLine(data)
		size, _, _, isLiteral := announced(line)
		if !isLiteral || size > int64(len(after)) {
			return "", nil, false
		}
		return string(after[:size]), after[size:], true
	case data[0] == '"':
		var b strings.Builder
		for i := 1; i < len(data); i++ {
			switch {
			case data[i] == '"':
				return b.String(), data[i+1:], true
			case data[i] == '\\' && i+1 < len(data):
				i++
			}
			b.WriteByte(data[i])
		}
		return "", nil, false
	}
	end := bytes.IndexAny(data, " \r\n")
	if end < 0 {
		end = len(data)
	}
	return string(data[:end]), data[end:], end > 0
}

// sasl runs an exchange, with or without an initial response (RFC 9051 §6.2.2,
// RFC 5034).
func (c *caller) sasl(e *event.Event, mech string, initial []string) error {
	x := c.challenger(mech)
	if x == nil {
		return c.complete(e, "NO", "[CANNOT] mailtap: of SASL mechanisms a replay knows "+strings.Join(c.terms().mechanisms(), ", "))
	}
	var response []byte
	given := len(initial) > 0
	if given {
		response = decoded(initial[0])
	}
	for {
		challenge, done, ok := x.take(response, given)
		switch {
		case done && ok:
			return c.decide(e, x.shown(), x.password())
		case done:
			return c.decide(e, credentials{}, true)
		}
		if err := c.say([]byte("+ " + base64.StdEncoding.EncodeToString(challenge) + "\r\n")); err != nil {
			return err
		}
		line, err := c.line()
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(line))
		if text == "*" {
			return c.complete(e, "BAD", "mailtap: cancelled")
		}
		response, given = decoded(text), true
	}
}

// decoded is a base64 line; "=" is an empty one.
func decoded(text string) []byte {
	if text == "=" {
		return []byte{}
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}
