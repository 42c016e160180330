package replay

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// way is a way to log in.
type way string

// The ways, beside the SASL mechanisms by their names.
const (
	byCommand way = "command" // IMAP LOGIN, POP3 USER and PASS
	byAPOP    way = "APOP"
)

// ways in the order in which they are chosen: inside TLS a password may be
// sent, in the clear a challenge is better, whatever it is.
var (
	waysInTLS   = []way{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", byCommand, "LOGIN", "CRAM-MD5", byAPOP}
	waysInClear = []way{"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", byAPOP, "PLAIN", byCommand, "LOGIN"}
)

// login logs in, in the place of a recorded login.
func (p *player) login(ctx context.Context, t *Turn) (more bool, err error) {
	user := p.User
	if user == "" {
		user = p.Recording.User
	}
	if user == "" {
		return false, fmt.Errorf("the capture does not say who logged in; name the user with --user")
	}
	how, ok := p.choose(t)
	if !ok {
		return false, fmt.Errorf("%s offers no way to log in that mailtap knows: %s", p.Upstream, wire.Escape([]byte(strings.Join(p.offers.list, " "))))
	}
	if p.exposes(how) {
		if !p.Anyway {
			return false, fmt.Errorf("the login would send the password to %s in the clear: name a scheme with TLS (%ss, or %s+starttls), or give --send-password-anyway", p.Upstream, p.Upstream.Proto, p.Upstream.Proto)
		}
		p.note("the password goes to %s in the clear", p.Upstream)
	}
	password, err := p.Password()
	if err != nil {
		return false, err
	}
	return p.logIn(ctx, t, how, credentials{user, password})
}

// exposes tells whether a way to log in hands the password itself to a network,
// outside TLS.
func (p *player) exposes(how way) bool {
	return !p.offers.secure && !p.Upstream.Loopback() && (how == "PLAIN" || how == "LOGIN" || how == byCommand)
}

type credentials struct{ user, password string }

// choose takes the recorded way where the server still has it and it is no
// worse than in the recording, else the best that is offered.
func (p *player) choose(t *Turn) (way, bool) {
	recorded := way(byCommand)
	switch words := strings.Fields(t.Text); {
	case t.Name == "AUTHENTICATE" && len(words) > 2:
		recorded = way(strings.ToUpper(words[2]))
	case t.Name == "AUTH" && len(words) > 1:
		recorded = way(strings.ToUpper(words[1]))
	case t.Name == "APOP":
		recorded = byAPOP
	}
	ways := waysInTLS
	if !p.offers.secure {
		ways = waysInClear
		if p.Upstream.Loopback() {
			ways = waysInTLS
		}
	}
	if p.offers.secure || p.Upstream.Loopback() {
		ways = append([]way{recorded}, ways...)
	}
	for _, w := range ways {
		if p.offered(w) {
			return w, true
		}
	}
	return "", false
}

// offered reports whether w can be tried.
func (p *player) offered(w way) bool {
	pop := p.Recording.Proto == event.POP3
	switch w {
	case byAPOP:
		return pop && p.offers.timestamp != ""
	case byCommand:
		return !p.offers.has("LOGINDISABLED")
	case "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-1":
		return p.offers.mechanism(string(w))
	}
	return false
}

// logIn runs a login to its completion.
func (p *player) logIn(ctx context.Context, t *Turn, how way, c credentials) (bool, error) {
	var done *event.Event
	var err error
	switch {
	case how == byCommand && t.Proto == event.IMAP:
		done, err = p.roundTrip(ctx, fmt.Appendf(nil, "%s LOGIN %s %s\r\n", t.Tag, imapString(c.user), imapString(c.password)))
	case how == byCommand:
		if done, err = p.roundTrip(ctx, []byte("USER "+c.user+"\r\n")); err == nil && done != nil && done.Status == "+OK" {
			done, err = p.roundTrip(ctx, []byte("PASS "+c.password+"\r\n"))
		}
	case how == byAPOP:
		sum := md5.Sum([]byte(p.offers.timestamp + c.password))
		done, err = p.roundTrip(ctx, []byte("APOP "+c.user+" "+hex.EncodeToString(sum[:])+"\r\n"))
	default:
		done, err = p.authenticate(ctx, t, string(how), c)
	}
	switch {
	case err != nil:
		return false, p.silent(err)
	case done == nil:
		return false, nil
	case done.Status == "OK" || done.Status == "+OK":
		p.mu.Lock()
		p.sent[t.Seq] = done.Cmd
		p.mu.Unlock()
		return true, nil
	case !p.plan.refused:
		return false, fmt.Errorf("logging in to %s as %q: the server answers %s", p.Upstream, c.user, clip(strings.TrimPrefix(done.Text, done.Tag+" ")))
	}
	return true, nil // as recorded
}

// imapString writes a string so that it can be sent with any octet but CR, LF
// and NUL in it (RFC 9051 §4.3); those take a literal.
func imapString(text string) string {
	if strings.ContainsAny(text, "\r\n\x00") || !ascii(text) {
		return fmt.Sprintf("{%d}\r\n%s", len(text), text)
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// roundTrip sends a command and waits for its completion, which is nil where
// the server is gone.
func (p *player) roundTrip(ctx context.Context, data []byte) (*event.Event, error) {
	if ok, err := p.submit(ctx, data, p.offers); !ok || err != nil {
		return nil, err
	}
	return p.completion(ctx)
}

// completion waits for that of the last command.
func (p *player) completion(ctx context.Context) (*event.Event, error) {
	p.mu.Lock()
	seq := p.live.command
	p.mu.Unlock()
	ok, err := p.wait(ctx, answerLimit, func() bool { return p.done[seq] != nil && p.done[seq].completion != nil })
	if !ok || err != nil {
		return nil, err
	}
	return p.completed(seq).completion, nil
}

// authenticate runs a SASL exchange (RFC 9051 §6.2.2, RFC 5034).
func (p *player) authenticate(ctx context.Context, t *Turn, mech string, c credentials) (*event.Event, error) {
	x := newExchange(mech, c)
	line := "AUTH " + mech
	initial := t.Proto == event.POP3 || p.offers.has("SASL-IR")
	if t.Proto == event.IMAP {
		line = t.Tag + " AUTHENTICATE " + mech
	}
	if initial && x.first {
		msg, err := x.next(nil)
		if err != nil {
			return nil, err
		}
		line += " " + encoded(msg)
	}
	p.mu.Lock()
	asked := p.asked
	p.mu.Unlock()
	if !p.write([]byte(line + "\r\n")) {
		return nil, nil
	}
	for {
		p.mu.Lock()
		seq := p.live.command
		p.mu.Unlock()
		ok, err := p.wait(ctx, answerLimit, func() bool { return p.asked > asked || p.done[seq] != nil && p.done[seq].completion != nil })
		if !ok || err != nil {
			return nil, err
		}
		if a := p.completed(seq); a != nil {
			return a.completion, nil
		}
		p.mu.Lock()
		asked++
		challenge := p.challenge
		p.mu.Unlock()
		msg, err := x.next(challenge)
		if err != nil {
			p.write([]byte("*\r\n"))
			return nil, fmt.Errorf("logging in to %s by %s: %w", p.Upstream, mech, err)
		}
		if !p.write([]byte(base64.StdEncoding.EncodeToString(msg) + "\r\n")) {
			return nil, nil
		}
	}
}

// encoded is an initial response; an empty one is "=".
func encoded(msg []byte) string {
	if len(msg) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(msg)
}
