package view

import (
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// listening is what a listener says of itself.
func listening(listen, upstream, settings string) wire.Item {
	return wire.Item{Event: &event.Event{Kind: event.KindListening, Route: &event.Route{Listen: listen, Upstream: upstream, Settings: settings}}}
}

// With no session yet the screen says what to type, whom to trust, and has
// lines that can be pasted into a shell.
func TestWelcome(t *testing.T) {
	a, s := newApp(t, 130, 30)
	a.options.Live, a.options.CAFile = true, "/home/al ice/.config/mailtap/ca.pem"
	a.options.Trust = []string{"mailtap", "ca", "trust", "--ca-dir", "/home/al ice/.config/mailtap"}
	a.Add(Batch{Items: []wire.Item{
		listening("imaps://127.0.0.1:1993", "imaps://imap.example.org:993", "server 127.0.0.1, port 1993, connection security SSL/TLS"),
		listening("pop3+starttls://*:1110", "pop3+starttls://pop.example.org:110", "server this machine's name or address, port 1110, connection security STARTTLS"),
		listening("imap://[::1]:1143", "imaps://imap.example.org:993", "server ::1, port 1143, connection security none"),
	}})
	a.Draw()
	got := text(s)
	for _, want := range []string{
		"    server                          port  security  is relayed to\n",
		"    127.0.0.1                       1993  SSL/TLS   imaps://imap.example.org:993\n",
		"    this machine's name or address  1110  STARTTLS  pop3+starttls://pop.example.org:110\n",
		"    mailtap ca trust --ca-dir '/home/al ice/.config/mailtap'\n    /home/al ice/.config/mailtap/ca.pem\n",
		"    curl -v --cacert '/home/al ice/.config/mailtap/ca.pem' -u USER imaps://127.0.0.1:1993/\n",
		"    curl -v --cacert '/home/al ice/.config/mailtap/ca.pem' --ssl-reqd -u USER pop3://127.0.0.1:1110/\n",
		"    curl -v -u USER 'imap://[::1]:1143/'\n",
		"    openssl s_client -quiet -crlf -CAfile '/home/al ice/.config/mailtap/ca.pem' -connect 127.0.0.1:1993\n",
		"      and then type: 1 LOGIN user password, 2 SELECT INBOX, 3 LOGOUT\n",
		" y copy",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	s.SetSize(50, 10)
	a.Draw()
	if got := text(s); !strings.Contains(got, "1993  SSL/TLS") || strings.Contains(got, "relayed") {
		t.Errorf("on a narrow screen:\n%s", got)
	}
	press(a, "G", "k", "k", "y")
	if got, want := string(s.GetClipboardData()), "curl -v -u USER 'imap://[::1]:1143/'"; got != want {
		t.Errorf("y copied %q, want %q", got, want)
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b.pem": "/a/b.pem", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "ü": "'ü'", "~a": "'~a'",
	} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
}
