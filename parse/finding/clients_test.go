package finding

import (
	"strings"
	"testing"

	"mailtap/parse/event"
)

// TestName: the client's field stands behind the advice, with what to set it
// to unless the advice is this case's own and says that itself.
func TestName(t *testing.T) {
	for _, tt := range []struct{ client, own, want, not string }{
		{"thunderbird", "", "Authentication method: Normal password", ""},
		{"Thunderbird for Android", "", "In K-9 Mail / Thunderbird for Android", ""},
		{"thunderbird", "set it to Encrypted password", "Server Settings, Authentication method", "Normal password"},
		{"OfflineIMAP", "", "auth_mechanisms", ""},
		{"an unknown client", "", "", "In "},
	} {
		f := New("auth.mech-unusable", "").Finding
		if tt.own != "" {
			f.Advice = tt.own
		}
		Name(f, tt.client, event.IMAP)
		if !strings.Contains(f.Advice, tt.want) || tt.not != "" && strings.Contains(f.Advice, tt.not) {
			t.Errorf("for %s: %s", tt.client, f.Advice)
		}
	}
}
