package explain

import (
	"mailtap/parse/event"
	"mailtap/parse/imap"
	"mailtap/parse/pop3"
	"mailtap/parse/sasl"
)

// User is the user name that a client's line of a login gives, or "". It says
// who tried, whether or not the server agrees.
func User(e *event.Event) string {
	switch d := e.Data.(type) {
	case *imap.Login:
		return d.User
	case *imap.Auth:
		if d.Initial != nil {
			return d.Initial.User
		}
	case *sasl.Step:
		return d.User
	case *pop3.Login:
		return d.User
	case map[string]any: // an event that came as JSON
		if first, ok := d["initial"].(map[string]any); ok {
			d = first
		}
		user, _ := d["user"].(string)
		return user
	}
	return ""
}
