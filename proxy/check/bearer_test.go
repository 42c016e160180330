package check

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

const token = "ya29.a-secret-token"

// bearing is a server that takes one token by OAuth2, and says of others why not.
func bearing(proto event.Proto, mech string, heard func(string)) func(net.Conn, *bufio.Scanner) {
	ok, no, greeting := "%s OK done\r\n", "%s NO [AUTHENTICATIONFAILED] no\r\n", "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH="+mech+"] hi\r\n"
	if proto == event.POP3 {
		ok, no, greeting = "+OK%.0s\r\n", "-ERR [AUTH] no%.0s\r\n", "+OK hi\r\n"
	}
	return func(conn net.Conn, lines *bufio.Scanner) {
		fmt.Fprint(conn, greeting)
		for lines.Scan() {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			if proto == event.POP3 {
				tag, command = "", lines.Text()
			}
			switch {
			case command == "CAPA":
				fmt.Fprintf(conn, "+OK\r\nSASL %s\r\n.\r\n", mech)
			case command == "STAT":
				fmt.Fprint(conn, "+OK 0 0\r\n")
			case command == "UIDL":
				fmt.Fprint(conn, "+OK\r\n.\r\n")
			case strings.HasPrefix(command, "AUTH"):
				fmt.Fprint(conn, "+ \r\n")
				lines.Scan()
				said, _ := base64.StdEncoding.DecodeString(lines.Text())
				heard(string(said))
				if strings.Contains(string(said), "auth=Bearer "+token+"\x01\x01") {
					fmt.Fprintf(conn, ok, tag)
					continue
				}
				fmt.Fprintf(conn, "+ %s\r\n", base64.StdEncoding.EncodeToString([]byte(`{"status":"invalid_token","scope":"mail"}`)))
				lines.Scan()
				heard(lines.Text())
				fmt.Fprintf(conn, no, tag)
			default:
				fmt.Fprintf(conn, ok, tag)
			}
		}
	}
}

// A token logs in by the mechanism that is there; one that is refused is
// explained, and stands nowhere.
func TestBearer(t *testing.T) {
	for _, tt := range []struct {
		proto       event.Proto
		mech, token string
		heard       []string
		want        []string
	}{
		{event.IMAP, "XOAUTH2", token, []string{"user=" + address + "\x01auth=Bearer " + token + "\x01\x01"}, nil},
		{event.IMAP, "XOAUTH2", "old", []string{"user=" + address + "\x01auth=Bearer old\x01\x01", ""}, []string{"auth.xoauth2.error"}},
		{event.IMAP, "OAUTHBEARER", "old", []string{"n,a=" + address + ",\x01host=mail.example.test\x01port=PORT\x01auth=Bearer old\x01\x01", "AQ=="}, []string{"auth.xoauth2.error"}},
		{event.POP3, "XOAUTH2", token, []string{"user=" + address + "\x01auth=Bearer " + token + "\x01\x01"}, nil},
		{event.POP3, "OAUTHBEARER", "old", []string{"n,a=" + address + ",\x01host=mail.example.test\x01port=PORT\x01auth=Bearer old\x01\x01", "AQ=="}, []string{"auth.xoauth2.error"}},
	} {
		t.Run(tt.proto.String()+" "+tt.mech+" "+tt.token, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			var mu sync.Mutex
			var heard []string
			port := l.tls(bearing(tt.proto, tt.mech, func(text string) {
				mu.Lock()
				defer mu.Unlock()
				heard = append(heard, text)
			}))
			var recorded strings.Builder
			r := l.ask(host(l, port, tt.proto.String()+"s"), Options{User: address, Token: tt.token, Record: func(batch []wire.Item) error {
				for _, item := range batch {
					if item.Octets != nil {
						recorded.Write(item.Octets.Data)
					}
				}
				return nil
			}})
			wantFindings(t, r, tt.want...)
			mu.Lock()
			defer mu.Unlock()
			for i := range heard {
				heard[i] = strings.ReplaceAll(heard[i], fmt.Sprintf("port=%d", port), "port=PORT")
			}
			if !slices.Equal(heard, tt.heard) {
				t.Errorf("the server heard %q, want %q", heard, tt.heard)
			}
			got := text(t, r)
			if refused := tt.token != token; refused != strings.Contains(flat(got), `the server says of the token: {"status":"invalid_token","scope":"mail"}`) || r.Settings[0].Tried == refused {
				t.Errorf("settings are %+v in\n%s", r.Settings, got)
			}
			secret := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(tt.heard[0], "PORT", fmt.Sprint(port))))
			if all := got + recorded.String(); strings.Contains(all, "Bearer") || strings.Contains(all, secret) {
				t.Errorf("the token is told:\n%s", all)
			}
		})
	}
}

// Where a server takes tokens only, a password is not sent, and the settings say
// OAuth2; a token for a server that takes none stays here too.
func TestBearerOnly(t *testing.T) {
	l := newLab(t)
	port := l.tls(bearing(event.IMAP, "XOAUTH2", func(text string) { t.Errorf("the server heard %q", text) }))
	r := l.ask(host(l, port, "imaps"), Options{User: address, Password: password})
	wantFindings(t, r, "auth.mech-unusable")
	if got := flat(text(t, r)); r.Settings[0].Authentication != "OAuth2" || !strings.Contains(got, "the server takes OAuth2 only, and no password") || !strings.Contains(got, "choose OAuth2") {
		t.Errorf("the report is\n%s", got)
	}
	plain := l.tls(imapScript("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", map[string]string{"AUTHENTICATE": "BAD no"}))
	r = l.ask(host(l, plain, "imaps"), Options{User: address, Token: token})
	wantFindings(t, r, "auth.mech-unusable")
	if got := flat(text(t, r)); !strings.Contains(got, "the server takes no OAuth2 token: it offers PLAIN") {
		t.Errorf("the report is\n%s", got)
	}
}

// A token is withheld where a password would be.
func TestTokenNeedsTwoFlags(t *testing.T) {
	l := newLab(t)
	port := l.script(bearing(event.IMAP, "XOAUTH2", func(text string) { t.Errorf("the server heard %q", text) }))
	r := l.ask(host(l, port, "imap"), Options{User: address, Token: token})
	if got := flat(text(t, r)); !strings.Contains(got, "no token was sent") {
		t.Errorf("the report is\n%s", got)
	}
}
