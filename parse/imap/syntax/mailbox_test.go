package syntax

import "testing"

func TestDecodeMailbox(t *testing.T) {
	for _, tt := range []struct {
		wire, want string
		ok         bool
		defect     bool
	}{
		{"INBOX", "INBOX", true, false},
		{"", "", true, false},
		{"Entw&APw-rfe", "Entwürfe", true, false},
		{"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語", true, false},
		{"A&-B", "A&B", true, false},
		{"&2D3eAA-", "😀", true, false},
		{"Entwürfe", "Entwürfe", true, false},
		{"Ä & Ö", "Ä & Ö", true, false},
		{"&U,BTFw-&ZeVnLIqe-", "台北日本語", true, true}, // RFC 3501 §5.1.3: superfluous shift
		{"&AGE-", "a", true, true},                  // a stands for itself
		{"&Jjo", "&Jjo", false, true},
		{"&Jjo!", "&Jjo!", false, true},
		{"R&D", "R&D", false, true},
		{"&2D0-", "&2D0-", false, true}, // half a surrogate pair
		{"&A-", "&A-", false, true},
		{"p\xe4\xe4", "p\xe4\xe4", false, false},
	} {
		got, ok := DecodeMailbox(tt.wire)
		if _, defect := decodeMailbox(tt.wire); got != tt.want || ok != tt.ok || (defect != "") != tt.defect {
			t.Errorf("DecodeMailbox(%q) = %q, %v (%q), want %q, %v", tt.wire, got, ok, defect, tt.want, tt.ok)
		}
	}
}

func TestDecodeHeader(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"plain", "plain"},
		{"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
		{"=?ISO-8859-15?Q?=A4?= 5", "€ 5"},
		{"=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語"},
		{"=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?=", "äö"},
		{"=?windows-1251*ru?Q?=CF?=", "П"},
		{"=?x-nothing?Q?abc?=", "=?x-nothing?Q?abc?="},
		{"=?utf-8?q?broken", "=?utf-8?q?broken"},
	} {
		if got := DecodeHeader(tt.value); got != tt.want {
			t.Errorf("DecodeHeader(%q) = %q, want %q", tt.value, got, tt.want)
		}
	}
}
