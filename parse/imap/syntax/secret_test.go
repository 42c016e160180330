package syntax

import (
	"strings"
	"testing"
)

// TestSecrets holds that masked octets are passed over, wherever the mask
// lies, and never stand in an error or in what was read. "^" marks the secret.
func TestSecrets(t *testing.T) {
	for _, tt := range []struct {
		name, wire, mask string
		wrong            bool
	}{
		{"atom", "a LOGIN alice ******\r\n", "              ^^^^^^", false},
		{"inside the quotes", "a LOGIN alice \"******\"\r\n", "               ^^^^^^", false},
		{"with the quotes", "a LOGIN alice ********\r\n", "              ^^^^^^^^", false},
		{"with spaces in it", "a LOGIN alice **** ****\r\n", "              ^^^^^^^^^", false},
		{"part of a word", "a LOGIN alice ab****cd\r\n", "                ^^^^", false},
		{"two parts", "a LOGIN alice **\"**\r\n", "              ^^^^^", false},
		{"literal", "a LOGIN alice {4}\r\n****\r\n", "                   ^^^^", false},
		{"initial response", "a AUTHENTICATE PLAIN ********\r\n", "                     ^^^^^^^^", false},
		{"unknown command", "a XLOGIN alice ******\r\n", "               ^^^^^^", false},
		{"where a set should be", "a FETCH ****** FLAGS\r\n", "        ^^^^^^", true},
		{"behind the end", "a NOOP ******\r\n", "       ^^^^^^", true},
		{"the user too", "a LOGIN ***** ******\r\n", "        ^^^^^ ^^^^^^", false},
		{"to the line's end", "a LOGIN alice ******\r\n", "              ^^^^^^^^", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := whole(tt.wire)
			for i := 0; i < len(tt.mask); i++ {
				if tt.mask[i] == '^' {
					m.Masked = append(m.Masked, Span{i, 1})
				}
			}
			c := Command(m)
			if tt.wrong != (c.Err != nil) {
				t.Errorf("%q: error is %v", tt.wire, c.Err)
			}
			if c.Err != nil && strings.Contains(c.Err.Error(), "**") {
				t.Errorf("%q: %v shows the mask", tt.wire, c.Err)
			}
		})
	}
}
