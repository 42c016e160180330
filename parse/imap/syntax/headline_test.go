package syntax

import "testing"

func TestHeadline(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       Headline
	}{
		{"plain", "From: a@b\r\nsubject:  hi there \r\nX-From: no\r\n\r\nTo: body", Headline{From: "a@b", Subject: "hi there"}},
		{"folded", "Subject: one\r\n two\r\n\tthree\r\nMessage-ID : <1@x>\r\nDate: now\r\n", Headline{Subject: "one two\tthree", MessageID: "<1@x>", Date: "now"}},
		{"first counts", "To: a\nTo: b\n\n", Headline{To: "a"}},
		{"cut", "From: a@b\r\nSubj", Headline{From: "a@b"}},
		{"only a body", "\r\nFrom: a@b\r\n", Headline{}},
		{"no header", "hello", Headline{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got Headline
			if h := headline([]byte(tt.text)); h != nil {
				got = *h
			}
			if got != tt.want {
				t.Errorf("headline(%q) = %+v, want %+v", tt.text, got, tt.want)
			}
		})
	}
}
