package view

import (
	"strings"
	"testing"

	"mailtap/parse/event"
)

// TestDecoded: message text is shown as people read it.
func TestDecoded(t *testing.T) {
	qp := "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6n=\r\n, nicht?\r\n"
	b64 := "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aMOpPC9iPg==\r\n"
	multi := "Subject: a\r\n folded one\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + b64 + "--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n"
	imap, pop := &event.Context{Proto: event.IMAP}, &event.Context{Proto: event.POP3}
	for _, tt := range []struct {
		name  string
		event event.Event
		data  string
		want  string
	}{
		{"quoted-printable", event.Event{Context: imap}, literalOf("* 1 FETCH (BODY[] ", qp), "Subject: Grüße|Content-Type: text/plain; charset=iso-8859-1|Content-Transfer-Encoding: quoted-printable||Schön, nicht?"},
		{"multipart", event.Event{Context: imap}, literalOf("* 1 FETCH (BODY[] ", multi), "Subject: a folded one|Content-Type: multipart/mixed; boundary=x||---- part 1: text/html; charset=utf-8|<b>hé</b>||---- part 2: application/pdf|[application/pdf, 3 octets]|"},
		{"a part", event.Event{Context: imap}, literalOf("* 1 FETCH (BODY[1] ", "To: be\r\nor not"), "To: be|or not"},
		{"POP3", event.Event{Context: pop, For: "RETR"}, "+OK\r\nSubject: x\r\n\r\n..dot\r\n.\r\n", "Subject: x||.dot"},
		{"no header", event.Event{Context: pop, For: "RETR"}, "+OK\r\njust text\r\n.\r\n", "|just text"},
		{"broken base64", event.Event{Context: pop, For: "RETR"}, "+OK\r\nContent-Transfer-Encoding: base64\r\n\r\n*\r\n.\r\n", "Content-Transfer-Encoding: base64||*"},
		{"no message", event.Event{Context: pop, For: "LIST"}, "+OK\r\n1 2\r\n.\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range messages(&tt.event, []byte(tt.data)) {
				got = append(got, m.decoded()...)
			}
			if text := strings.Join(got, "|"); text != tt.want {
				t.Errorf("got  %q\nwant %q", text, tt.want)
			}
		})
	}
}

func literalOf(head, text string) string {
	return head + "{" + itoa(int64(len(text))) + "}\r\n" + text + ")\r\n"
}

func FuzzDecoded(f *testing.F) {
	f.Add("* 1 FETCH (BODY[] {30}\r\nContent-Type: multipart/x; boundary=a\r\n\r\n--a\r\n\r\n--a--")
	f.Add("a {1}\r\n{2}\r\n")
	f.Fuzz(func(t *testing.T, data string) {
		for _, proto := range []event.Proto{event.IMAP, event.POP3} {
			e := &event.Event{Context: &event.Context{Proto: proto}, For: "RETR"}
			for _, m := range messages(e, []byte(data)) {
				m.decoded()
			}
		}
	})
}
