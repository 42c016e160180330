package replay

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// dialog runs a server on a pipe of its own and talks to it: "C: ..." is sent,
// "S: ..." has to come. It gives the report and the notes.
func dialog(t *testing.T, rec *Recording, change func(*Server), text string) (*compare.Report, []string) {
	t.Helper()
	var report *compare.Report
	var notes []string
	s := &Server{Recordings: []*Recording{rec}, Listen: route.Endpoint{Proto: rec.Proto, Mode: route.Cleartext}, NewID: func() string { return "BBBBBBBBBB" },
		Report: func(r *compare.Report) { report = r }, Note: func(_, text string) { notes = append(notes, text) }}
	if change != nil {
		change(s)
	}
	client, server := net.Pipe()
	var served sync.WaitGroup
	served.Go(func() {
		if err := s.serve(context.Background(), server, s.Listen); err != nil {
			t.Error(err)
		}
	})
	defer func() {
		client.Close()
		served.Wait()
	}()
	client.SetDeadline(time.Now().Add(3 * time.Second)) // both sides of a pipe that wait for one another
	c := &player{conn: client}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		side, data, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		data = strings.TrimPrefix(data, " ")
		if side == "C" {
			if _, err := client.Write([]byte(data + "\r\n")); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			continue
		}
		got, err := c.line()
		if err != nil {
			t.Fatalf("waiting for %q: %v", data, err)
		}
		if g := strings.TrimRight(string(got), " \r\n"); g != data {
			t.Errorf("got %q, want %q", g, data)
		}
	}
	client.Close()
	served.Wait()
	return report, notes
}

const server = `
	S: * OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN AUTH=GSSAPI COMPRESS=DEFLATE] Ready.
	C: a LOGIN alice secret
	S: * CAPABILITY IMAP4rev1 IDLE COMPRESS=DEFLATE
	S: a OK [CAPABILITY IMAP4rev1 IDLE COMPRESS=DEFLATE] in
	C: b SELECT INBOX
	S: * 2 EXISTS
	S: b OK [READ-WRITE] selected
	S: * 3 EXISTS
	C: c UID FETCH 1:2 (FLAGS UID)
	S: * 1 FETCH (UID 1 FLAGS (\Seen))
	S: * 2 FETCH (UID 2 FLAGS ())
	S: c OK fetched
	C: d NOOP
	S: d OK one
	C: e NOOP
	S: e OK two
	C: f IDLE
	S: + idling
	S: * 4 EXISTS
	C: DONE
	S: f OK idled
	C: g LOGOUT
	S: * BYE
	S: g OK bye`

const greeted = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN AUTH=LOGIN] Ready.\n"
const loggedIn = greeted + "C: x LOGIN bob other\nS: * CAPABILITY IMAP4rev1 IDLE\nS: x OK [CAPABILITY IMAP4rev1 IDLE] in\n"

// TestServerSameClient: tags and spelling are no difference.
func TestServerSameClient(t *testing.T) {
	r, notes := dialog(t, recorded(t, event.IMAP, server), nil, loggedIn+`
		C: y select "inbox"
		S: * 2 EXISTS
		S: y OK [READ-WRITE] selected
		C: z1 UID FETCH 2,1 (UID FLAGS)
		S: * 3 EXISTS
		S: * 1 FETCH (UID 1 FLAGS (\Seen))
		S: * 2 FETCH (UID 2 FLAGS ())
		S: z1 OK fetched
		C: z2 NOOP
		S: z2 OK one
		C: z3 NOOP
		S: z3 OK two
		C: z4 IDLE
		S: + idling
		S: * 4 EXISTS
		C: done
		S: z4 OK idled
		C: z5 LOGOUT
		S: * BYE
		S: z5 OK bye`)
	if !r.Same || len(notes) > 0 {
		t.Errorf("%+v %q", r.Differences, notes)
	}
}

// TestServerOtherClient: another order, repetition, parts of what was fetched,
// and what nobody recorded.
func TestServerOtherClient(t *testing.T) {
	r, notes := dialog(t, recorded(t, event.IMAP, server), nil, greeted+`
		C: a CAPABILITY
		S: * CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN AUTH=LOGIN
		S: a OK done
		C: b SELECT INBOX
		S: b BAD mailtap: log in first
		C: c AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
		S: * CAPABILITY IMAP4rev1 IDLE
		S: c OK [CAPABILITY IMAP4rev1 IDLE] in
		C: d ID NIL
		S: * ID NIL
		S: d OK done
		C: e LIST "" *
		S: e NO [CANNOT] mailtap: never recorded: LIST "" *
		C: f SELECT INBOX
		S: * 2 EXISTS
		S: f OK [READ-WRITE] selected
		C: g NOOP
		S: g OK one
		C: h UID FETCH 2 (FLAGS UID)
		S: * 2 FETCH (UID 2 FLAGS ())
		S: h OK done
		C: i UID FETCH 1:3 (FLAGS UID)
		S: i NO [CANNOT] mailtap: never recorded: UID FETCH 1:3 (FLAGS UID)
		C: j SELECT INBOX
		S: * 2 EXISTS
		S: j OK [READ-WRITE] selected
		C: k NOOP
		S: k OK two
		C: l NOOP
		S: l OK two
		C: m SEARCH {3}
		S: + go on
		C: ALL
		S: m NO [CANNOT] mailtap: never recorded: SEARCH {3 bytes}.
		C: n LOGOUT
		S: * BYE
		S: n OK bye`)
	if r.Same || len(notes) != 3 || !strings.HasPrefix(r.First, "only the second client sends SELECT INBOX") {
		t.Errorf("first %q, notes %q", r.First, notes)
	}
}

func TestServerPOP3(t *testing.T) {
	rec := recorded(t, event.POP3, `
		S: +OK ready <1@x>
		C: CAPA
		S: +OK
		S: TOP
		S: SASL GSSAPI
		S: STLS
		S: .
		C: USER alice
		S: +OK
		C: PASS secret
		S: +OK in
		C: RETR 1
		S: +OK 5 octets
		S: ..a
		S: .
		C: QUIT
		S: +OK bye`)
	r, _ := dialog(t, rec, nil, `
		S: +OK ready
		C: CAPA
		S: +OK
		S: TOP
		S: STLS
		S: USER
		S: SASL PLAIN LOGIN
		S: .
		C: AUTH PLAIN
		S: + 
		C: AGEAYg==
		S: +OK in
		C: retr 1
		S: +OK 5 octets
		S: ..a
		S: .
		C: RETR 2
		S: -ERR mailtap: never recorded: RETR 2
		C: QUIT
		S: +OK bye`)
	if r.First != "only the second client sends RETR 2" {
		t.Errorf("%+v", r.Differences)
	}
}

// TestServerChecks: with credentials only those log in, by challenges too.
func TestServerChecks(t *testing.T) {
	checked := func(s *Server) { s.User, s.Password, s.Checked = "alice", "secret", true }
	dialog(t, recorded(t, event.IMAP, server), checked, `
		S: * OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=SCRAM-SHA-256 AUTH=CRAM-MD5 AUTH=PLAIN AUTH=LOGIN] Ready.
		C: a LOGIN alice wrong
		S: a NO [AUTHENTICATIONFAILED] mailtap: the credentials are not those of --user and --password-file
		C: b AUTHENTICATE LOGIN
		S: + VXNlcm5hbWU6
		C: YWxpY2U=
		S: + UGFzc3dvcmQ6
		C: c2VjcmV0
		S: * CAPABILITY IMAP4rev1 IDLE
		S: b OK [CAPABILITY IMAP4rev1 IDLE] in`)
	for _, mech := range []string{"SCRAM-SHA-256", "CRAM-MD5"} {
		rec := recorded(t, event.IMAP, strings.Replace(short, "LOGIN alice ******", "AUTHENTICATE "+mech, 1))
		r, err := against(t, rec, recorded(t, event.IMAP, server), checked, "secret")
		if err != nil || len(r.Steps) != 1 || r.Steps[0].B == nil || !strings.Contains(r.Steps[0].B.Line, mech) {
			t.Errorf("%s: %v %+v", mech, err, r)
		}
		if _, err := against(t, rec, recorded(t, event.IMAP, server), checked, "wrong"); err == nil {
			t.Errorf("%s: a wrong password is taken", mech)
		}
	}
}

// against plays a recorded client against a recorded server.
func against(t *testing.T, client, server *Recording, change func(*Server), password string) (*compare.Report, error) {
	t.Helper()
	here, there := net.Pipe()
	s := &Server{Recordings: []*Recording{server}, Listen: route.Endpoint{Proto: server.Proto, Mode: route.Cleartext},
		NewID: func() string { return "BBBBBBBBBB" }, Report: func(*compare.Report) {}}
	change(s)
	var served sync.WaitGroup
	served.Go(func() { s.serve(context.Background(), there, s.Listen) })
	c := &Client{Recording: client, ID: "CCCCCCCCCC", User: "alice", Password: func() (string, error) { return password, nil },
		Upstream: route.Endpoint{Proto: server.Proto, Mode: route.Cleartext, Host: "127.0.0.1", Port: 143},
		Dial:     func(context.Context, string, string) (net.Conn, error) { return here, nil }}
	r, err := c.Run(t.Context())
	here.Close()
	served.Wait()
	return r, err
}

// TestBothSides plays a recorded client against its own recorded server.
func TestBothSides(t *testing.T) {
	r, err := against(t, recorded(t, event.IMAP, server), recorded(t, event.IMAP, server), func(*Server) {}, "any")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		if d.Kind != compare.KindCapability {
			t.Errorf("%+v", d)
		}
	}
}

// TestServerRequiresTLS: no login before the upgrade where it is required.
func TestServerRequiresTLS(t *testing.T) {
	required := func(s *Server) {
		s.Listen.Mode = route.StartTLS
		s.Leaf = func(*tls.ClientHelloInfo, net.Addr) (*tls.Certificate, error) { return nil, nil }
	}
	dialog(t, recorded(t, event.IMAP, server), required, `
		S: * OK [CAPABILITY IMAP4rev1 SASL-IR STARTTLS LOGINDISABLED] Ready.
		C: a LOGIN alice secret
		S: a NO [PRIVACYREQUIRED] mailtap: TLS is required before a login`)
}

// TestServerGarbage: what is no command ends nothing.
func TestServerGarbage(t *testing.T) {
	dialog(t, recorded(t, event.IMAP, server), nil, loggedIn+`
		C: 
		S: * BAD mailtap: that is no command
		C: y NOOP
		S: y OK done
		C: y COMPRESS DEFLATE
		S: y NO [CANNOT] mailtap: a replay is not compressed`)
}

// TestServerIdleInItsTime: at the recorded pace, what came in IDLE comes when it
// did, and not at all behind DONE.
func TestServerIdleInItsTime(t *testing.T) {
	rec := recorded(t, event.IMAP, "S: * PREAUTH hi\nC: a IDLE\nS: + idling\nS: * 1 EXISTS\nS: * 2 EXISTS\nC: DONE\nS: a OK idled")
	for i := range rec.Turns {
		if e := rec.Turns[i].Event; e.Text == "* 2 EXISTS" {
			later := *e
			later.Time = later.Time.Add(time.Hour)
			rec.Turns[i].Event = &later
		}
	}
	dialog(t, rec, func(s *Server) { s.Speed = 1 }, `
		S: * PREAUTH hi
		C: x IDLE
		S: + idling
		S: * 1 EXISTS
		C: DONE
		S: x OK idled`)
	dialog(t, rec, nil, `
		S: * PREAUTH hi
		C: x IDLE
		S: + idling
		S: * 1 EXISTS
		S: * 2 EXISTS
		C: DONE
		S: x OK idled
		C: y IDLE
		S: + idling
		C: DONE
		S: y OK idled`)
}
