package route

import (
	"errors"
	"strings"
	"testing"

	"mailtap/parse/event"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want string // String of it
	}{
		{"imaps://h", "imaps://127.0.0.1:1993=imaps://h:993"},
		{"pop3s://h", "pop3s://127.0.0.1:1995=pop3s://h:995"},
		{"imap://h", "imap://127.0.0.1:1143=imap://h:143"},
		{"pop3://h", "pop3://127.0.0.1:1110=pop3://h:110"},
		{"imap+starttls://h", "imap+starttls://127.0.0.1:1143=imap+starttls://h:143"},
		{"pop3+starttls://h", "pop3+starttls://127.0.0.1:1110=pop3+starttls://h:110"},
		{"imaps://h:1", "imaps://127.0.0.1:1993=imaps://h:1"},
		{"imaps://h/", "imaps://127.0.0.1:1993=imaps://h:993"},
		{"IMAPS://Mail.Example.ORG", "imaps://127.0.0.1:1993=imaps://mail.example.org:993"},
		{"imaps://mail.example.org.", "imaps://127.0.0.1:1993=imaps://mail.example.org.:993"},
		{"imaps://mail_server", "imaps://127.0.0.1:1993=imaps://mail_server:993"},
		{"imaps://bücher.example", "imaps://127.0.0.1:1993=imaps://xn--bcher-kva.example:993"},
		{"imaps://BÜCHER.example", "imaps://127.0.0.1:1993=imaps://xn--bcher-kva.example:993"},
		{"imaps://[2001:DB8::1]", "imaps://127.0.0.1:1993=imaps://[2001:db8::1]:993"},
		{"imaps://[2001:db8::1]:1993", "imaps://127.0.0.1:1993=imaps://[2001:db8::1]:1993"},
		{"imaps://[fe80::1%25eth0]", "imaps://127.0.0.1:1993=imaps://[fe80::1%25eth0]:993"},
		{"[fe80::1%eth0]:1=imaps://h", "imaps://[fe80::1%25eth0]:1=imaps://h:993"},
		{"127.0.0.1:2993=imaps://h", "imaps://127.0.0.1:2993=imaps://h:993"},
		{":2993=imaps://h", "imaps://127.0.0.1:2993=imaps://h:993"},
		{":0=imaps://h", "imaps://127.0.0.1:0=imaps://h:993"},
		{"*:2993=imaps://h", "imaps://*:2993=imaps://h:993"},
		{"0.0.0.0:2993=imaps://h", "imaps://0.0.0.0:2993=imaps://h:993"},
		{"[::]:2993=imaps://h", "imaps://[::]:2993=imaps://h:993"},
		{"[::1]:2993=imaps://h", "imaps://[::1]:2993=imaps://h:993"},
		{"localhost:143=imap+starttls://h", "imap+starttls://localhost:143=imap+starttls://h:143"},
		{"imap://localhost=imaps://h", "imap://localhost:1143=imaps://h:993"},
		{"imap+starttls://:1144=imaps://h", "imap+starttls://127.0.0.1:1144=imaps://h:993"},
		{"pop3://*=pop3s://h", "pop3://*:1110=pop3s://h:995"},
		{"pop3s://[::1]=pop3://h", "pop3s://[::1]:1995=pop3://h:110"},
		{"imaps://h?ca=/a/b.pem", "imaps://127.0.0.1:1993=imaps://h:993?ca=/a/b.pem"},
		{"imaps://h?insecure=1", "imaps://127.0.0.1:1993=imaps://h:993?insecure=1"},
		{"imaps://h?insecure=0", "imaps://127.0.0.1:1993=imaps://h:993?insecure=0"},
		{":1=imaps://h:2?ca=a&insecure=1&name=N.example&cert=c&key=k", "imaps://127.0.0.1:1=imaps://h:2?ca=a&insecure=1&name=n.example&cert=c&key=k"},
		{"imaps://h?ca=a+b@c%20d.pem", "imaps://127.0.0.1:1993=imaps://h:993?ca=a+b@c%20d.pem"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := Parse(tt.text)
			if err != nil {
				t.Fatalf("Parse(%q) = %v", tt.text, err)
			}
			if got.String() != tt.want {
				t.Errorf("Parse(%q) = %s, want %s", tt.text, got, tt.want)
			}
		})
	}
}

func TestParseParts(t *testing.T) {
	got, err := Parse("imap+starttls://*:2143=imap://mail.example.org?insecure=1&name=other.example&ca=a b")
	if err != nil {
		t.Fatal(err)
	}
	want := Route{
		Listen:   Endpoint{Proto: event.IMAP, Mode: StartTLS, Port: 2143, All: true},
		Upstream: Endpoint{Proto: event.IMAP, Mode: Cleartext, Host: "mail.example.org", Port: 143},
		Options:  Options{Insecure: Yes, Name: "other.example", CA: "a b"},
	}
	if got != want {
		t.Errorf("Parse = %+v, want %+v", got, want)
	}
	if addr := got.Listen.Addr(); addr != ":2143" {
		t.Errorf("Addr of all interfaces = %q, want :2143", addr)
	}
	if name := got.ServerName(); name != "other.example" {
		t.Errorf("ServerName = %q, want other.example", name)
	}
}

func TestWideListenersAreFlagged(t *testing.T) {
	for text, want := range map[string]bool{
		"*:1=imaps://h": true, "0.0.0.0:1=imaps://h": true, "[::]:1=imaps://h": true, "imaps://*=imaps://h": true,
		"imaps://h": false, ":1=imaps://h": false, "[::1]:1=imaps://h": false, "10.0.0.1:1=imaps://h": false,
	} {
		r, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if r.Listen.All != want {
			t.Errorf("Parse(%q).Listen.All = %v, want %v", text, r.Listen.All, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		text string
		is   error
		says string // part of the line: what would be right
	}{
		{"", nil, "write [LISTEN=]UPSTREAM"},
		{"pop3s://:1995=imaps://h", ErrMixedProtocols, "write imaps://127.0.0.1:1995=imaps://h"},
		{"imap://localhost=pop3s://h:1", ErrMixedProtocols, "POP3 on the server; write pop3://localhost:1143=pop3s://h:1"},
		{"smtp://h", ErrUnknownScheme, "mailtap speaks IMAP and POP3, not SMTP"},
		{"SMTPS://h", ErrUnknownScheme, "mailtap speaks IMAP and POP3, not SMTP"},
		{"submission://h:587", ErrUnknownScheme, "mailtap speaks IMAP and POP3, not SMTP submission"},
		{"smtp://:25=imaps://h", ErrUnknownScheme, "not SMTP"},
		{"smtp:h", ErrUnknownScheme, "not SMTP"},
		{"https://h", ErrUnknownScheme, "mailtap speaks IMAP and POP3, not HTTP"},
		{"gopher://h", ErrUnknownScheme, "write imaps, pop3s, imap"},
		{"pop://h", ErrUnknownScheme, "write pop3"},
		{"imap+tls://h", ErrUnknownScheme, "write imap+starttls"},
		{"://h", ErrUnknownScheme, "write imaps"},
		{"imaps://", nil, "there is no host"},
		{"imaps://:993", nil, "there is no host"},
		{"imaps://?ca=f", nil, "there is no host"},
		{"imaps://*:993", nil, "no host name"},
		{"imaps://0.0.0.0", nil, "the upstream has no host"},
		{"imaps://h:65536", nil, "ports go to 65535"},
		{"imaps://h:99999999999999999999", nil, "ports go to 65535"},
		{"imaps://h:-1", nil, "no port"},
		{"imaps://h:imap", nil, "a port is a number"},
		{"imaps://h:", nil, "no port behind the colon"},
		{"imaps://h:0", nil, "imaps is usually 993"},
		{":70000=imaps://h", nil, "on the listen side: port 70000 is out of range"},
		{"imaps://alice:hunter2@h", nil, "the mail client logs in by itself"},
		{"imaps://alice:hunt?er2@h", nil, "the mail client logs in by itself"},
		{"imaps://alice:hunter2=x@h", nil, "the mail client logs in by itself"},
		{"imaps://alice:hunter2@localhost=imaps://h", nil, "the mail client logs in by itself"},
		{"mail.example.org", nil, "write imaps://mail.example.org"},
		{"mail.example.org:995", nil, "write pop3s://mail.example.org:995"},
		{":1993=mail.example.org:143", nil, "write imap+starttls://mail.example.org:143"},
		{"1993:mail.example.org:993", nil, "write :1993=imaps://mail.example.org:993"},
		{"imaps:h", nil, "write imaps://h"},
		{"imaps:/h", nil, "write imaps://h"},
		{":1993=", nil, "there is no upstream"},
		{"=imaps://h", nil, "the listen side is empty"},
		{"imaps://=imaps://h", nil, "the listen side is empty"},
		{"1993=imaps://h", nil, "write :1993"},
		{"localhost=imaps://h", nil, "write localhost:1993"},
		{"*=imaps://h", nil, "write *:1993"},
		{"::1=imaps://h", nil, "brackets"},
		{"imaps://::1", nil, "brackets"},
		{"imaps://[::1", nil, "brackets"},
		{"imaps://[::1]x", nil, "unexpected"},
		{"imaps://[1.2.3.4]", nil, "no IPv6 address"},
		{"imaps://256.1.1.1", nil, "no IPv4 address"},
		{"imaps://a..b", nil, "no host name"},
		{"imaps://a b", nil, "no host name"},
		{"imaps://h\x1b[2J", nil, "it has a"},
		{"imaps://h/INBOX", nil, "a route has no path"},
		{"imaps://h#x", nil, "unexpected"},
		{"imaps://h/x=imaps://g", nil, "a route has no path"},
		{"imaps://127.0.0.1?ca=f=imaps://g", nil, "the listen side takes no options"},
		{"imaps://h?colour=red", nil, "a route takes ca, insecure, name, cert and key"},
		{"imaps://h?ca=", nil, "is empty"},
		{"imaps://h?ca=a&ca=b", nil, "twice"},
		{"imaps://h?ca=100%", nil, "write %25"},
		{"imaps://h?insecure=maybe", nil, "write insecure=1"},
		{"imaps://h?key=k", nil, "key= needs cert="},
		{"imaps://h?name=a..b", nil, "no host name"},
		{"imaps://h%0a", nil, "no host name"},
		{"imaps://a:hunter2?ca=x@host", nil, "carries no user name or password"},
		{"imaps://a:hunter?ca=x&y=2@host:993", nil, "carries no user name or password"},
		{":1=imaps://a:hunt?1&x@host", nil, "carries no user name or password"},
		{"imaps://[::1]:x?name=a@b", nil, "carries no user name or password"},
		{"imaps://h:993?name=a@b", nil, "no host name"},
		{"[::1=imaps://h", nil, "[::1]"},
		{"imaps://h?name=a%0ab", nil, "no host name"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			_, err := Parse(tt.text)
			if err == nil {
				t.Fatalf("Parse(%q) took it", tt.text)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("Parse(%q) = %v, want %v", tt.text, err, tt.is)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Parse(%q) says %q, want it to say %q", tt.text, err, tt.says)
			}
			if strings.Contains(err.Error(), "hunt") || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("Parse(%q) says %q: a password, or more than a line", tt.text, err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		routes []string
		is     error
	}{
		{"one", []string{"imaps://h"}, nil},
		{"two protocols", []string{"imaps://h", "pop3s://h"}, nil},
		{"two ports", []string{"imaps://h", ":2993=imaps://g"}, nil},
		{"two addresses", []string{"127.0.0.1:1=imaps://h", "127.0.0.2:1=imaps://g"}, nil},
		{"two families", []string{"127.0.0.1:1=imaps://h", "[::1]:1=imaps://g"}, nil},
		{"free ports", []string{":0=imaps://h", ":0=imaps://h"}, nil},
		{"the same default", []string{"imaps://h", "imaps://g"}, ErrSameAddress},
		{"modes share a default", []string{"imap://h", "imap+starttls://g"}, ErrSameAddress},
		{"localhost", []string{"localhost:1=imaps://h", "127.0.0.1:1=imaps://g"}, ErrSameAddress},
		{"mapped", []string{"[::ffff:127.0.0.1]:1=imaps://h", "127.0.0.1:1=imaps://g"}, ErrSameAddress},
		{"all and one", []string{"*:1=imaps://h", "10.0.0.1:1=imaps://g"}, ErrSameAddress},
		{"all of IPv4 and IPv6", []string{"0.0.0.0:1=imaps://h", "[::1]:1=imaps://g"}, ErrSameAddress},
		{"own listener", []string{"imaps://127.0.0.1:1993"}, ErrOwnListener},
		{"own listener by name", []string{"imaps://localhost:1993"}, ErrOwnListener},
		{"own listener, IPv6", []string{"[::1]:1=imaps://localhost:1"}, ErrOwnListener},
		{"own listener on all", []string{"*:1=imaps://127.0.0.7:1"}, ErrOwnListener},
		{"another's listener", []string{"imaps://h", ":2=imaps://127.0.0.1:1993"}, ErrOwnListener},
		{"a server on loopback", []string{"imaps://127.0.0.1:993"}, nil},
		{"another loopback address", []string{"127.0.0.2:1=imaps://127.0.0.1:1"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseAll(tt.routes)
			if !errors.Is(err, tt.is) {
				t.Errorf("ParseAll(%q) = %v, want %v", tt.routes, err, tt.is)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"imaps://h", "*:1=imaps://h", "[fe80::1%25eth0]:1=pop3s://[::1]:2?ca=a%3Db&name=x", "imap://:0=imap+starttls://bücher.example",
		"imaps://h?ca=%25&insecure=0", "a=b=c?d=e", "imaps://[fe80::1%2525]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Fatalf("Parse(%q) says %q: more than a line", text, err)
			}
			return
		}
		again, err := Parse(r.String())
		if err != nil {
			t.Fatalf("Parse(%q) = %v, of %q", r, err, text)
		}
		if again != r {
			t.Fatalf("Parse(%q) = %+v, want %+v", r, again, r)
		}
	})
}
