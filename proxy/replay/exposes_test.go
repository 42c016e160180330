package replay

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// A password goes to another machine in the clear only where that was said:
// it is not even asked for.
func TestPasswordStaysHere(t *testing.T) {
	for _, tt := range []struct {
		host           string
		secure, anyway bool
		refused        bool
	}{
		{"mail.example.org", false, false, true},
		{"mail.example.org", false, true, false},
		{"mail.example.org", true, false, false},
		{"127.0.0.1", false, false, false},
	} {
		asked := errors.New("asked for the password")
		p := &player{Client: &Client{
			Recording: &Recording{Proto: event.IMAP, User: "alice"}, Anyway: tt.anyway,
			Upstream: route.Endpoint{Proto: event.IMAP, Mode: route.Cleartext, Host: tt.host, Port: 143},
			Password: func() (string, error) { return "", asked },
		}, offers: offers{list: []string{"AUTH=PLAIN"}, secure: tt.secure}}
		_, err := p.login(context.Background(), &Turn{Event: &event.Event{Name: "LOGIN"}})
		if refused := err != nil && strings.Contains(err.Error(), "in the clear"); refused != tt.refused || !refused && !errors.Is(err, asked) {
			t.Errorf("%s secure %v anyway %v: %v", tt.host, tt.secure, tt.anyway, err)
		}
	}
}
