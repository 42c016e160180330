package explain_test

import (
	"encoding/json"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/imap"
	"mailtap/parse/sasl"
)

// TestUser: who tries to log in, from an event as it was parsed and as it came
// as JSON.
func TestUser(t *testing.T) {
	for _, tt := range []struct {
		name string
		data any
		want string
	}{
		{"LOGIN", &imap.Login{User: "alice"}, "alice"},
		{"initial response", &imap.Auth{Mech: "PLAIN", Initial: &sasl.Step{User: "alice"}}, "alice"},
		{"step", &sasl.Step{User: "alice"}, "alice"},
		{"none yet", &imap.Auth{Mech: "PLAIN"}, ""},
		{"nothing", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := explain.User(&event.Event{Data: tt.data}); got != tt.want {
				t.Errorf("User = %q, want %q", got, tt.want)
			}
			text, err := json.Marshal(tt.data)
			if err != nil {
				t.Fatal(err)
			}
			var tree any
			if err := json.Unmarshal(text, &tree); err != nil {
				t.Fatal(err)
			}
			if got := explain.User(&event.Event{Data: tree}); got != tt.want {
				t.Errorf("User of %s = %q, want %q", text, got, tt.want)
			}
		})
	}
}
