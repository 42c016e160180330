package sasl

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// line is one line of an exchange and what is expected of it.
type line struct {
	side   event.Side
	wire   string
	secret bool
	user   string
	authz  string
	note   string // contained in Note
	shape  string // contained in Shape
	fault  string // contained in Error; "" is none
	json   string
	cancel bool
}

const (
	client = event.SideClient
	server = event.SideServer
)

var digestResponse = `charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRd",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth`

// exchanges has the RFCs' own examples (4616 §4, 2195 §2, 2831 §4, 5802 §5,
// 7677 §3, 7628 §4) and what goes wrong in the field.
var exchanges = []struct {
	name  string
	mech  string
	lines []line
	stage string
}{
	{name: "plain", mech: "plain", stage: "the password", lines: []line{
		{side: client, wire: b64("\x00tim\x00tanstaaftanstaaf"), secret: true, user: "tim", shape: "a password of 16 bytes, ASCII"}}},
	{name: "plain with authzid", mech: "PLAIN", stage: "the password", lines: []line{
		{side: server, note: "asks for"},
		{side: client, wire: b64("Ursel\x00Kurt\x00xipj3plmq "), secret: true, user: "Kurt", authz: "Ursel", shape: "10 bytes, ASCII, one space at its end"}}},
	{name: "plain without authzid's NUL", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: b64("tim\x00hunter2"), secret: true, fault: "expected 2 NULs, got 1 NUL"}}},
	{name: "plain as two C strings", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: b64("tim\x00hunter2\x00"), secret: true, fault: "password is empty"}}},
	{name: "plain with a NUL at its end", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: b64("\x00tim\x00hunter2\x00"), secret: true, user: "tim", fault: "got NUL"}}},
	{name: "plain 8 bit", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: b64("\x00j\u00fcrgen\x00p\xe4ss"), secret: true, user: "jürgen", shape: "not ASCII, not valid UTF-8"}}},
	{name: "plain no base64", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: "hunter2 hunter2", secret: true, fault: "offset 7", shape: "a SASL response of 15 bytes"}}},
	{name: "plain cancelled", mech: "PLAIN", stage: "the client's cancellation", lines: []line{
		{side: server}, {side: client, wire: "*", cancel: true}}},
	{name: "plain unpadded", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: strings.TrimRight(b64("\x00tim\x00abcd"), "="), secret: true, user: "tim"}}},
	{name: "plain wrong padding", mech: "PLAIN", stage: "the password", lines: []line{
		{side: client, wire: strings.TrimRight(b64("\x00tim\x00abc"), "="), secret: true, user: "tim", fault: "expected 1 padding character, got 0"}}},
	{name: "login", mech: "LOGIN", stage: "the password", lines: []line{
		{side: server, wire: b64("Username:"), note: "asks for the user name"},
		{side: client, wire: b64("alice"), user: "alice", note: "the user name"},
		{side: server, wire: b64("Password:"), note: "asks for the password"},
		{side: client, wire: b64("hunter2 "), secret: true, shape: "a password of 8 bytes, ASCII, one space at its end"}}},
	{name: "login with initial response", mech: "LOGIN", stage: "the password", lines: []line{
		{side: client, wire: b64("alice"), user: "alice"},
		{side: server, wire: b64("Password:")},
		{side: client, wire: b64("x"), secret: true, shape: "1 byte"}}},
	{name: "login asked for the password first", mech: "LOGIN", stage: "the password", lines: []line{
		{side: server, wire: b64("PASSWORD")},
		{side: client, wire: b64("hunter2"), secret: true}}},
	{name: "cram-md5", mech: "CRAM-MD5", stage: "the digest", lines: []line{
		{side: server, wire: "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", note: "digest has to cover"},
		{side: client, wire: "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", secret: true, user: "tim", shape: "a digest of 32 bytes"}}},
	{name: "cram-md5 with a password", mech: "CRAM-MD5", stage: "the digest", lines: []line{
		{side: client, wire: b64("tim hunter2"), secret: true, fault: "expected 32 hexadecimal digits, got 7 octets"}}},
	{name: "cram-md5 with a long password", mech: "CRAM-MD5", stage: "the digest", lines: []line{
		{side: client, wire: b64("correct horse battery-staple-battery-staple-bat"), secret: true, fault: "expected"}}},
	{name: "digest-md5", mech: "DIGEST-MD5", stage: "an empty response", lines: []line{
		{side: server, wire: b64(`realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8`), note: "realm and nonce"},
		{side: client, wire: b64(digestResponse), secret: true, user: "chris", note: "imap/elwood.innosoft.com"},
		{side: server, wire: b64("rspauth=ea40f60335c427b5527b84dbabcdfffd"), secret: true, note: "proves by a digest"},
		{side: client, note: "answers with nothing"}}},
	{name: "digest-md5 without nonce", mech: "DIGEST-MD5", stage: "the digest", lines: []line{
		{side: server, wire: b64(`realm="x"`), fault: "nonce is missing"},
		{side: client, wire: b64(`username="chris`), secret: true, fault: "no end"}}},
	{name: "scram-sha-1", mech: "SCRAM-SHA-1", stage: "an empty response", lines: []line{
		{side: client, wire: b64("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), user: "user", note: "nonce"},
		{side: server, wire: b64("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"), note: "4096 iterations"},
		{side: client, wire: b64("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="), secret: true, note: "proves that it knows the password", shape: "a digest of 28 bytes"},
		{side: server, wire: b64("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), secret: true, note: "knows the password too"},
		{side: client}}},
	{name: "scram-sha-256 refused", mech: "SCRAM-SHA-256", stage: "the server's error", lines: []line{
		{side: client, wire: b64("n,a=a=2Cb,n=us=3Der,r=rOprNGfwEbeRWgbNEkqO"), user: "us=er", authz: "a,b"},
		{side: server, wire: b64("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=100"), note: "RFC 5802 asks for 4096"},
		{side: client, wire: b64("c=biws,r=other,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), secret: true, fault: "nonce is not the server's"},
		{side: server, wire: b64("e=invalid-proof"), note: "invalid-proof"}}},
	{name: "scram y flag", mech: "SCRAM-SHA-256", stage: "the client's first response", lines: []line{
		{side: client, wire: b64("y,,n=user,r=abc"), user: "user", note: "cannot pass a man in the middle"}}},
	{name: "scram plus", mech: "SCRAM-SHA-256-PLUS", stage: "the client's first response", lines: []line{
		{side: client, wire: b64("p=tls-exporter,,n=user,r=abc"), user: "user", note: "(tls-exporter): channel binding cannot pass a man in the middle"}}},
	{name: "scram with a password instead", mech: "SCRAM-SHA-1", stage: "the client's first response", lines: []line{
		{side: client, wire: b64("\x00tim\x00hunter2"), secret: true, fault: "in gs2-header"}}},
	{name: "xoauth2", mech: "XOAUTH2", stage: "the token", lines: []line{
		{side: client, wire: b64("user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"), secret: true, user: "someuser@example.com", shape: "a token of 45 bytes"}}},
	{name: "xoauth2 refused", mech: "XOAUTH2", stage: "the token", lines: []line{
		{side: client, wire: b64("user=a@b\x01auth=Bearer eyJh.eyJz.sig\x01\x01"), secret: true, user: "a@b", shape: "a JWT"},
		{side: server, wire: b64(`{"status":"401", "schemes":"bearer mac", "scope":"https://mail.google.com/"}`), json: `{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}`, note: "status 401, scope https://mail.google.com/"},
		{side: client, note: "acknowledges"}}},
	{name: "xoauth2 with a line end in the token", mech: "XOAUTH2", stage: "the token", lines: []line{
		{side: client, wire: b64("user=a@b\x01auth=Bearer abc\n\x01\x01"), secret: true, user: "a@b", fault: "in token: octet at offset 3"}}},
	{name: "xoauth2 without its end", mech: "XOAUTH2", stage: "the token", lines: []line{
		{side: client, wire: b64("user=a@b\x01auth=Bearer abc\x01"), secret: true, user: "a@b", fault: "expected ^A ^A at its end"}}},
	{name: "xoauth2 without scheme", mech: "XOAUTH2", stage: "the token", lines: []line{
		{side: client, wire: b64("user=a@b\x01auth=abc\x01\x01"), secret: true, user: "a@b", fault: `expected "Bearer"`}}},
	{name: "oauthbearer", mech: "OAUTHBEARER", stage: "the token", lines: []line{
		{side: client, wire: b64("n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"), secret: true, user: "user@example.com", shape: "a token of 42 bytes"},
		{side: server, wire: b64(`{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}`), note: "status invalid_token, scope example_scope", json: `{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}`},
		{side: client, wire: "AQ==", note: "acknowledges"}}},
	{name: "oauthbearer error that is none", mech: "OAUTHBEARER", stage: "the token", lines: []line{
		{side: server, wire: b64("go away"), fault: "expected JSON"}}},
	{name: "oauthbearer without auth", mech: "OAUTHBEARER", stage: "the token", lines: []line{
		{side: client, wire: b64("n,a=u,\x01host=h\x01\x01"), secret: true, user: "u", fault: `"auth=" is missing`}}},
	{name: "external empty", mech: "EXTERNAL", stage: "an empty response", lines: []line{{side: client, wire: "="}}},
	{name: "external", mech: "EXTERNAL", stage: "the client's first response", lines: []line{
		{side: client, wire: b64("fred@example.com"), authz: "fred@example.com"}}},
	{name: "anonymous", mech: "ANONYMOUS", stage: "the client's first response", lines: []line{
		{side: client, wire: b64("sirhc"), user: "anonymous"}}},
	{name: "gssapi", mech: "GSSAPI", stage: "the client's response", lines: []line{
		{side: client, wire: "YIIB+w==", secret: true, note: "GSS-API token"},
		{side: server, wire: "YGgGCSqGSIb3EgECAgIAb1kwV6ADAgEFoQMCAQ+iSzBJoAMC", note: "GSS-API token"},
		{side: client, wire: "BAQEBAE=", secret: true}}},
	{name: "gs2", mech: "GS2-KRB5-PLUS", stage: "the client's first response", lines: []line{
		{side: client, wire: "YIIB+w==", secret: true, note: "cannot pass a man in the middle"}}},
	{name: "ntlm", mech: "NTLM", stage: "the client's response", lines: []line{
		{side: client, wire: b64("NTLMSSP\x00\x01\x00\x00\x00\x00\x00\x00\x00"), note: "begins NTLM"},
		{side: server, wire: b64("NTLMSSP\x00\x02\x00\x00\x00\x00\x00\x00\x00"), note: "challenge"},
		{side: client, wire: b64(ntlmAuthenticate("DOM", "alice")), secret: true, user: `DOM\alice`}}},
	{name: "ntlm with a user name inside the response", mech: "NTLM", stage: "the client's first response", lines: []line{
		{side: client, wire: b64(ntlmOverlap()), secret: true, fault: "points outside"}}},
	{name: "unknown", mech: "OTP", stage: "the client's first response", lines: []line{
		{side: client, wire: b64("\x00tim"), secret: true, note: "unknown mechanism"}}},
}

// ntlmAuthenticate is a type 3 message with 24 octets of response.
func ntlmAuthenticate(domain, user string) string {
	head := make([]byte, 64)
	copy(head, "NTLMSSP\x00\x03")
	body := ""
	field := func(at int, data string) {
		binary.LittleEndian.PutUint16(head[at:], uint16(len(data)))
		binary.LittleEndian.PutUint16(head[at+2:], uint16(len(data)))
		binary.LittleEndian.PutUint32(head[at+4:], uint32(64+len(body)))
		body += data
	}
	field(28, utf16le(domain))
	field(36, utf16le(user))
	field(44, "")
	field(12, "")
	field(20, strings.Repeat("R", 24))
	head[60] = 1
	return string(head) + body
}

// ntlmOverlap points the user name at the response.
func ntlmOverlap() string {
	msg := []byte(ntlmAuthenticate("DOM", "alice"))
	copy(msg[36:44], msg[20:28])
	return string(msg)
}

func utf16le(text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestExchanges(t *testing.T) {
	for _, tt := range exchanges {
		t.Run(tt.name, func(t *testing.T) {
			x := New(tt.mech)
			for i, l := range tt.lines {
				var s Step
				if l.side == client {
					s = x.Client([]byte(l.wire))
				} else {
					s = x.Server([]byte(l.wire))
				}
				check(t, i, l, s)
			}
			if x.Stage() != tt.stage {
				t.Errorf("Stage() = %q, want %q", x.Stage(), tt.stage)
			}
		})
	}
}

func check(t *testing.T, i int, want line, got Step) {
	t.Helper()
	if got.Secret != want.secret || got.User != want.user || got.Authz != want.authz || got.Cancel != want.cancel || got.JSON != want.json {
		t.Errorf("line %d: got %+v, want %+v", i, got, want)
	}
	if !strings.Contains(got.Note, want.note) || !strings.Contains(got.Shape, want.shape) {
		t.Errorf("line %d: got note %q, shape %q, want %q, %q", i, got.Note, got.Shape, want.note, want.shape)
	}
	if !strings.Contains(got.Error, want.fault) || want.fault == "" && got.Error != "" {
		t.Errorf("line %d: Error = %q, want %q", i, got.Error, want.fault)
	}
	if got.Secret && got.Decoded != "" {
		t.Errorf("line %d: a secret is decoded: %q", i, got.Decoded)
	}
}

// TestRecorded plays each exchange as a capture has it: what was masked comes
// as what was kept of it, and all that is said has to be the same.
func TestRecorded(t *testing.T) {
	for _, tt := range exchanges {
		t.Run(tt.name, func(t *testing.T) {
			live, again := New(tt.mech), New(tt.mech)
			for i, l := range tt.lines {
				feed := func(x *Exchange) Step {
					if l.side == client {
						return x.Client([]byte(l.wire))
					}
					return x.Server([]byte(l.wire))
				}
				was := feed(live)
				var is Step
				if was.Secret {
					is = again.Recorded(l.side, was.Hidden(0, len(l.wire)))
				} else {
					is = feed(again)
				}
				if is != was || live.Stage() != again.Stage() || live.User() != again.User() || live.Authz() != again.Authz() {
					t.Errorf("line %d: recorded %+v (%s), live %+v (%s)", i, is, again.Stage(), was, live.Stage())
				}
			}
		})
	}
}

// TestSecretsStay looks for the passwords of the table in all that is said.
func TestSecretsStay(t *testing.T) {
	secrets := []string{"hunter2", "tanstaaf", "xipj3plmq", "b913a602c7eda7a495b4e6e7334d3890", "battery",
		"d388dad90d4bbd760a152321f2143af7", "ea40f60335c427b5527b84dbabcdfffd", "v0X8v3Bz2T0CJGbJQyF0X", "rmF9pqV8S7suAoZWja4dJRkFsKQ",
		"ya29", "eyJh", "vF9dft4qmTc2Nvb3R", "RRRR"}
	for _, tt := range exchanges {
		x := New(tt.mech)
		for i, l := range tt.lines {
			var s Step
			if l.side == client {
				s = x.Client([]byte(l.wire))
			} else {
				s = x.Server([]byte(l.wire))
			}
			said := strings.Join([]string{s.User, s.Authz, s.Shape, s.Decoded, s.JSON, s.Note, s.Error, x.Stage(), x.User()}, "\n")
			for _, secret := range secrets {
				if strings.Contains(said, secret) {
					t.Errorf("%s, line %d tells %q: %q", tt.name, i, secret, said)
				}
			}
		}
	}
}

func TestShape(t *testing.T) {
	tests := []struct{ secret, form, want string }{
		{"correct horse ", "quoted", "a quoted string of 14 bytes, ASCII, one space at its end"},
		{"", "line", "the rest of the line, empty"},
		{"x", "atom", "an atom of 1 byte, ASCII"},
		{"  x", "literal", "a literal of 3 bytes, ASCII, 2 spaces at its beginning"},
		{"   ", "line", "the rest of the line of 3 bytes, ASCII, nothing but spaces"},
		{"p\u00e4ss", "line", "the rest of the line of 5 bytes, not ASCII, valid UTF-8"},
		{"p\xe4ss", "line", "the rest of the line of 4 bytes, not ASCII, not valid UTF-8"},
		{"a\tb", "literal", "a literal of 3 bytes, ASCII, 1 control character in it"},
		{`"abc"`, "line", "the rest of the line of 5 bytes, ASCII, in quotation marks"},
	}
	for _, tt := range tests {
		if got := Shape([]byte(tt.secret), tt.form); got != tt.want {
			t.Errorf("Shape(%q, %q) = %q, want %q", tt.secret, tt.form, got, tt.want)
		}
	}
}

func TestDigestFault(t *testing.T) {
	tests := []struct{ digest, want string }{
		{"c4c9334bac560ecc979e58001b3e22fb", ""},
		{"C4C9334BAC560ECC979E58001B3E22FB", "in digest: expected lower-case hexadecimal digits, got upper case at offset 0"},
		{"c4c9", "in digest: expected 32 hexadecimal digits, got 4 octets"},
		{"c4c9334bac560ecc979e58001b3e22f!", "in digest: expected hexadecimal digits, got another octet at offset 31"},
	}
	for _, tt := range tests {
		if got := DigestFault([]byte(tt.digest)); got != tt.want {
			t.Errorf("DigestFault(%q) = %q, want %q", tt.digest, got, tt.want)
		}
	}
}

func FuzzExchange(f *testing.F) {
	for _, tt := range exchanges {
		var b strings.Builder
		for _, l := range tt.lines {
			b.WriteString(l.side.Letter() + l.wire + "\n")
		}
		f.Add(tt.mech, b.String())
	}
	f.Fuzz(func(t *testing.T, mech, lines string) {
		x := New(mech)
		again := New(mech)
		for text := range strings.Lines(lines) {
			text = strings.TrimSuffix(text, "\n")
			side, feed, replay := server, x.Server, again.Server
			if strings.HasPrefix(text, "c") {
				side, feed, replay = client, x.Client, again.Client
			}
			text = strings.TrimLeft(text, "cs")
			s := feed([]byte(text))
			if wire.Escape([]byte(s.User+s.Authz+s.Note+s.Error+s.JSON+s.Decoded)) != s.User+s.Authz+s.Note+s.Error+s.JSON+s.Decoded {
				t.Fatalf("%q: not escaped: %+v", text, s)
			}
			var r Step
			if s.Secret {
				r = again.Recorded(side, s.Hidden(0, len(text)))
			} else {
				r = replay([]byte(text))
			}
			if r != s || x.Stage() != again.Stage() {
				t.Fatalf("%q: recorded %+v (%s), live %+v (%s)", text, r, again.Stage(), s, x.Stage())
			}
		}
	})
}
