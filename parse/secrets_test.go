package parse

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// everything keeps all that a session hands out, as it would be written.
type everything struct{ bytes.Buffer }

func (w *everything) Octets(o *wire.Octets) {
	w.Write(o.Data)
	for _, s := range o.Secrets {
		w.WriteString(s.Shape + s.User + s.Note + s.Error)
	}
}

func (w *everything) Event(e *event.Event) {
	line, _ := json.Marshal(e)
	w.Write(append(line, '\n'))
}

// TestSecretsWhereNoneIsExpected says passwords in ways that no grammar has.
func TestSecretsWhereNoneIsExpected(t *testing.T) {
	const secret = "Sw0rdf1sh-9876-xyzzy"
	encoded := "AGFsaWNlAFN3MHJkZjFzaC05ODc2LXh5enp5" // PLAIN's message with it
	for _, tt := range []struct {
		proto          event.Proto
		client, server string
	}{
		{event.IMAP, secret, secret + " BAD no such command"},
		{event.IMAP, encoded, encoded + " BAD Error in IMAP command"},
		{event.IMAP, "a1 AUTHENTICATE " + encoded, "a1 NO no such mechanism"},
		{event.IMAP, "PASS " + secret, "PASS BAD unknown command"},
		{event.IMAP, "LOGIN alice " + secret, "LOGIN BAD unknown command"},
		{event.IMAP, "a1 LOGIN alice {99999999999999999999+}\r\n" + secret, "a1 BAD literal too large"},
		{event.IMAP, "a1 login alice \"" + secret, "a1 BAD missing quote"},
		{event.IMAP, "a1 XLOGIN alice " + secret, "a1 BAD unknown"},
		{event.POP3, "pass " + secret, "-ERR USER first"},
		{event.POP3, "AUTH PLAIN " + encoded, "-ERR no"},
		{event.POP3, "APOP alice " + secret, "-ERR no"},
		{event.POP3, "XLOGIN alice " + secret, "-ERR unknown"},
	} {
		w := &everything{}
		s := New(tt.proto, wire.Options{ID: "x", Sink: w})
		greeting := "* OK ready\r\n"
		if tt.proto == event.POP3 {
			greeting = "+OK ready\r\n"
		}
		s.Feed(event.SideServer, []byte(greeting), time.Now(), nil)
		s.Feed(event.SideClient, []byte(tt.client+"\r\n"), time.Now(), nil)
		s.Feed(event.SideServer, []byte(tt.server+"\r\n"), time.Now(), nil)
		s.EOF(event.SideClient, time.Now())
		s.EOF(event.SideServer, time.Now())
		s.Close()
		for _, hidden := range []string{secret, strings.ToUpper(secret), encoded} {
			if bytes.Contains(w.Bytes(), []byte(hidden)) {
				t.Errorf("%s %q: %s stands in\n%s", tt.proto, tt.client, hidden, w.Bytes())
			}
		}
	}
}

// TestSecretsThatAServerRepeats has servers quote what they were sent, in every
// place and form but one that a client could not have sent.
func TestSecretsThatAServerRepeats(t *testing.T) {
	const (
		secret  = "Sw0rdf1sh-9876-xyzzy"
		quoted  = `Sw0rdf1sh "9876\xyzzy`
		plain   = "AGFsaWNlAFN3MHJkZjFzaC05ODc2LXh5enp5"
		encoded = "U3cwcmRmMXNoLTk4NzYteHl6enk="
	)
	for _, tt := range []struct {
		name   string
		proto  event.Proto
		lines  []string // "C: " and "S: "
		hidden []string
	}{
		{"in capitals", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: a1 NO no " + strings.ToUpper(secret)}, nil},
		{"in OK", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: a1 OK alice/" + secret + " is in"}, nil},
		{"in a code's arguments", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: a1 NO [X-SENT " + secret + "] no"}, nil},
		{"half", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: a1 BAD in LOGIN alice Sw0rdf1sh..."}, []string{"Sw0rdf1s"}},
		{"its end", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: a1 BAD near 9876-xyzzy"}, []string{"6-xyzzy"}},
		{"unquoted", event.IMAP, []string{`C: a1 LOGIN alice "Sw0rdf1sh \"9876\\xyzzy"`, "S: a1 NO " + quoted + " is wrong"}, []string{quoted, "xyzzy"}},
		{"untagged", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: * XSENT alice " + secret, "S: * 3 XSENT " + secret, "S: a1 NO no"}, nil},
		{"as a name", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: * " + secret + " what", "S: * 7 " + secret, "S: a1 NO no"}, nil},
		{"in ID", event.IMAP, []string{"C: a1 LOGIN alice " + secret, `S: * ID ("name" "` + secret + `")`, "S: a1 NO no"}, nil},
		{"in a literal", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: * ID (\"name\" {20}\r\n" + secret + ")", "S: a1 NO no"}, nil},
		{"in a continuation", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: + " + secret, "S: a1 NO no"}, nil},
		{"decoded", event.IMAP, []string{"C: a1 AUTHENTICATE PLAIN " + plain, "S: a1 NO " + secret}, nil},
		{"as given", event.IMAP, []string{"C: a1 AUTHENTICATE PLAIN " + plain, "S: a1 NO bad " + plain}, nil},
		{"in a challenge", event.IMAP, []string{"C: a1 AUTHENTICATE PLAIN " + plain, "S: + " + encoded, "C: *", "S: a1 BAD no"}, []string{encoded}},
		{"LOGIN decoded", event.IMAP, []string{"C: a1 AUTHENTICATE LOGIN", "S: + VXNlcm5hbWU6", "C: YWxpY2U=", "S: + UGFzc3dvcmQ6", "C: " + encoded, "S: a1 NO [AUTHENTICATIONFAILED] " + secret}, []string{encoded}},
		{"of half a literal", event.IMAP, []string{"C: a1 LOGIN alice {40}", "S: + go", "H: " + secret, "S: * BAD got " + secret}, nil},
		{"of half a line", event.IMAP, []string{"H: a1 LOGIN alice " + secret, "S: * BAD got a1 LOGIN alice " + secret}, nil},
		{"an earlier one", event.IMAP, []string{"C: a1 LOGIN alice " + secret, "S: a1 NO no", "C: a2 LOGIN alice another1", "S: a2 OK not " + secret}, nil},

		{"PASS in OK", event.POP3, []string{"C: USER alice", "S: +OK", "C: PASS " + secret, "S: +OK welcome alice:" + secret}, nil},
		{"PASS in a code", event.POP3, []string{"C: USER alice", "S: +OK", "C: PASS " + secret, "S: -ERR [AUTH " + secret + "] no"}, nil},
		{"PASS in capitals", event.POP3, []string{"C: PASS " + secret, "S: -ERR " + strings.ToUpper(secret)}, nil},
		{"AUTH decoded", event.POP3, []string{"C: AUTH PLAIN " + plain, "S: -ERR " + secret}, nil},
		{"AUTH in a challenge", event.POP3, []string{"C: AUTH PLAIN " + plain, "S: + " + encoded, "C: *", "S: -ERR no"}, []string{encoded}},
		{"in a listing", event.POP3, []string{"C: PASS " + secret, "S: -ERR no", "C: CAPA", "S: +OK " + secret, "S: X-SENT " + secret, "S: ."}, nil},
		{"of half a PASS", event.POP3, []string{"H: PASS " + secret, "S: -ERR unknown command PASS " + secret}, nil},
	} {
		t.Run(string(tt.proto)+" "+tt.name, func(t *testing.T) {
			w := &everything{}
			s := New(tt.proto, wire.Options{ID: "x", Sink: w})
			greeting := "* OK ready\r\n"
			if tt.proto == event.POP3 {
				greeting = "+OK ready\r\n"
			}
			s.Feed(event.SideServer, []byte(greeting), time.Now(), nil)
			for _, line := range tt.lines {
				side, end := event.SideClient, "\r\n"
				switch line[0] {
				case 'S':
					side = event.SideServer
				case 'H': // the client's line does not end
					end = ""
				}
				s.Feed(side, []byte(line[3:]+end), time.Now(), nil)
			}
			s.EOF(event.SideClient, time.Now())
			s.EOF(event.SideServer, time.Now())
			s.Close()
			for _, hidden := range append(tt.hidden, secret, strings.ToUpper(secret), plain) {
				if bytes.Contains(w.Bytes(), []byte(hidden)) {
					t.Errorf("%s stands in\n%s", hidden, w.Bytes())
				}
			}
		})
	}
}

// TestServersOwnWords: a password that begins with a word of the server's masks
// nothing that it says by itself, and nothing behind the login.
func TestServersOwnWords(t *testing.T) {
	for _, tt := range []struct{ password, said, want string }{
		{"password123", "a1 NO Invalid password", "a1 NO Invalid password"},
		{"INBOX", "a1 OK done\r\n* LIST () \"/\" INBOX", `* LIST () \"/\" INBOX`},
		{"abc", "a1 NO abc", "a1 NO abc"},
	} {
		w := &everything{}
		s := New(event.IMAP, wire.Options{ID: "x", Sink: w})
		s.Feed(event.SideServer, []byte("* OK ready\r\n"), time.Now(), nil)
		s.Feed(event.SideClient, []byte("a1 LOGIN alice "+tt.password+"\r\n"), time.Now(), nil)
		s.Feed(event.SideServer, []byte(tt.said+"\r\n"), time.Now(), nil)
		s.Close()
		if !bytes.Contains(w.Bytes(), []byte(tt.want)) {
			t.Errorf("%q is missing in\n%s", tt.want, w.Bytes())
		}
	}
}
