package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

// explainLines plays the lines in a session of their own, and tells what each
// means. The session is as far as they need: greeted, and logged in unless one
// of them does that. What they answer, and is not among them, is made up.
func explainLines(w io.Writer, proto event.Proto, lines []string) {
	t := &teller{w: w, now: time.Now(), proto: proto}
	t.session = parse.New(proto, wire.Options{ID: "explain", Sink: t})
	defer t.session.Close()
	t.begin(lines)
	for _, l := range lines {
		t.say(l)
	}
	t.end()
}

// teller is a session of lines, and the sink that prints what they mean.
type teller struct {
	w       io.Writer
	now     time.Time
	proto   event.Proto
	session wire.Session
	muted   bool   // what comes is not of the user's lines
	ended   bool   // there are no more lines, which is no error of theirs
	awaits  string // the tag of a command whose literal has not come
	asked   bool   // a line of the client's was among them
}

func (t *teller) Octets(*wire.Octets) {}

// Event prints a protocol event, unless it was made up.
func (t *teller) Event(e *event.Event) {
	if t.muted || !e.Kind.Protocol() || t.ended && t.awaits != "" && e.Dir != event.SideClient {
		return
	}
	fmt.Fprintf(t.w, "%s: %s\n", strings.ToUpper(e.Dir.Letter()), e.Text)
	note := explain.Note(e)
	if e.Kind == event.KindContinuation && e.For == "" && !t.asked {
		note = "the server waits for more of a command: its literal, the next step of a login, or the DONE of IDLE"
	}
	if note != "" {
		wrapped(t.w, "   ", note)
	}
	if e.Error != "" && !t.ended {
		wrapped(t.w, "   syntax: ", e.Error)
	}
	if rfc := explain.RFC(e); rfc != "" {
		fmt.Fprintf(t.w, "   %s\n", rfc)
	}
}

// pretend plays lines that the user did not give, each with "C: " or "S: ".
func (t *teller) pretend(lines ...string) {
	t.muted = true
	for _, l := range lines {
		side := event.SideServer
		if l[0] == 'C' {
			side = event.SideClient
		}
		t.session.Feed(side, []byte(l[len("C: "):]+"\r\n"), t.now, nil)
	}
	t.muted = false
}

var (
	// logsIn are commands that are given before the login.
	logsIn = map[event.Proto]*regexp.Regexp{
		event.IMAP: regexp.MustCompile(`(?i)^[^ *+]+ (LOGIN|AUTHENTICATE|STARTTLS)( |$)`),
		event.POP3: regexp.MustCompile(`(?i)^(USER|PASS|APOP|AUTH|STLS|UTF8)( |$)`),
	}
	// greets are first lines of a server.
	greets = map[event.Proto]*regexp.Regexp{
		event.IMAP: regexp.MustCompile(`(?i)^\* (OK|PREAUTH) ([^[]|\[CAPABILITY)`),
		event.POP3: regexp.MustCompile(`(?i)^\+OK .*(<.*>|ready|server|hello|welcome)`),
	}
	greeted = map[event.Proto][]string{
		event.IMAP: {"S: * OK ready"},
		event.POP3: {"S: +OK ready"},
	}
	loggedIn = map[event.Proto][]string{
		event.IMAP: {"S: * PREAUTH ready", "C: mailtap0 SELECT INBOX", "S: mailtap0 OK [READ-WRITE] done"},
		event.POP3: {"S: +OK ready", "C: USER mailtap", "S: +OK", "C: PASS x", "S: +OK"},
	}
)

// begin brings the session to where the lines may come.
func (t *teller) begin(lines []string) {
	if len(lines) == 0 || greets[t.proto].MatchString(saidBy(lines[0], t.proto).text) {
		return
	}
	for _, l := range lines {
		if s := saidBy(l, t.proto); s.side == event.SideClient && logsIn[t.proto].MatchString(s.text) {
			t.pretend(greeted[t.proto]...)
			return
		}
	}
	t.pretend(loggedIn[t.proto]...)
}

// announces is a client's line that ends in a synchronizing literal.
var announces = regexp.MustCompile(`^([^ ]+) .*\{[0-9]+\}$`)

// say plays a line. Inside a block or a literal of the server's it is the
// server who speaks.
func (t *teller) say(line string) {
	l := saidBy(line, t.proto)
	if !l.sure && !t.session.Info().Boundary {
		l.side = event.SideServer
	}
	if l.side == event.SideServer {
		t.ask(l.text)
	} else {
		t.asked = true
	}
	t.awaits = ""
	if m := announces.FindStringSubmatch(l.text); m != nil && l.side == event.SideClient && t.proto == event.IMAP {
		t.awaits = m[1]
	}
	t.session.Feed(l.side, []byte(l.text+"\r\n"), t.now, nil)
}

// ask makes up the command that a response answers, where nobody gave one.
func (t *teller) ask(response string) {
	if t.session.Info().Pending > 0 || !t.session.Info().Boundary || t.awaits != "" {
		return
	}
	words := strings.Fields(response)
	switch {
	case t.proto == event.IMAP && tagged.MatchString(response):
		t.pretend("C: " + words[0] + " " + asks(response))
	case t.proto == event.POP3 && strings.HasPrefix(response, "-ERR ["):
		t.pretend("C: PASS x")
	case t.proto == event.POP3 && statistics.MatchString(response):
		t.pretend("C: STAT")
	}
}

// asks is a command that a tagged response may answer, by its code.
func asks(response string) string {
	for code, command := range map[string]string{
		"[COPYUID ": "COPY 1 copies", "[READ-WRITE]": "SELECT INBOX", "[READ-ONLY]": "EXAMINE INBOX", "[MODIFIED ": "STORE 1 FLAGS ()",
	} {
		if strings.Contains(strings.ToUpper(response), code) {
			return command
		}
	}
	return "X-COMMAND"
}

// statistics is how STAT is answered.
var statistics = regexp.MustCompile(`^\+OK [0-9]+ [0-9]+$`)

// end tells of what still waits: for a literal that nobody gave, and for the
// rest of a block.
func (t *teller) end() {
	t.ended = true
	if t.awaits != "" { // as if the server did not want it: that ends the command
		t.session.Feed(event.SideServer, []byte(t.awaits+" NO no\r\n"), t.now, nil)
	}
	t.session.EOF(event.SideClient, t.now)
	t.session.EOF(event.SideServer, t.now)
}
