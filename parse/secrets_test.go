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
