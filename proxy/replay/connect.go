package replay

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// offers is what the server can do, as far as replay has to know.
type offers struct {
	list      []string // capabilities, upper case
	timestamp string   // POP3: the greeting's, for APOP
	secure    bool     // inside TLS
}

func (o *offers) has(capability string) bool { return slices.Contains(o.list, capability) }

// mechanism reports whether a SASL mechanism is offered.
func (o *offers) mechanism(name string) bool {
	if o.has("AUTH=" + name) {
		return true
	}
	for _, c := range o.list { // POP3: SASL PLAIN LOGIN
		words := strings.Fields(c)
		if len(words) > 1 && words[0] == "SASL" && slices.Contains(words[1:], name) {
			return true
		}
	}
	return false
}

// nonSync reports whether a literal may be sent unasked (RFC 7888).
func (o *offers) nonSync(size int64) bool {
	return o.has("LITERAL+") || size <= 4096 && (o.has("LITERAL-") || o.has("IMAP4REV2"))
}

// connect brings the session to where the recorded commands can be played:
// connected, greeted, inside TLS where that is wanted.
func (p *player) connect(ctx context.Context) error {
	p.emit(&event.Event{Kind: event.KindSessionOpen, Route: &event.Route{Upstream: p.Upstream.String(), Client: "127.0.0.1:0"}})
	if err := p.dial(ctx); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { p.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	p.conn.SetDeadline(time.Now().Add(answerLimit))
	if p.Upstream.Mode == route.Implicit {
		if err := p.shake(ctx); err != nil {
			return err
		}
	}
	if err := p.greeted(); err != nil {
		return fmt.Errorf("waiting for the greeting of %s: %w", p.Upstream, err)
	}
	if err := p.prepare(ctx); err != nil {
		return err
	}
	p.conn.SetDeadline(time.Time{})
	return ctx.Err()
}

// prepare upgrades where that is wanted, and asks what the server offers.
func (p *player) prepare(ctx context.Context) error {
	if p.state() == event.StateLogout {
		return fmt.Errorf("%s refuses the session: %s", p.Upstream, p.compared.Greeting())
	}
	if err := p.capabilities(); err != nil {
		return fmt.Errorf("asking %s for its capabilities: %w", p.Upstream, err)
	}
	if p.wantsUpgrade() {
		if err := p.upgrade(ctx); err != nil {
			return err
		}
		if err := p.capabilities(); err != nil {
			return fmt.Errorf("asking %s for its capabilities: %w", p.Upstream, err)
		}
	}
	return nil
}

func (p *player) state() event.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.parse.Info().State
}

func (p *player) dial(ctx context.Context) error {
	dial := p.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	limited, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	began := time.Now()
	conn, err := dial(limited, "tcp", p.Upstream.Addr())
	opened := &event.Route{Dial: event.Duration{D: time.Since(began), Known: true}}
	if err != nil {
		opened.Failure = err.Error()
		p.emit(&event.Event{Kind: event.KindUpstreamOpen, Route: opened})
		return fmt.Errorf("connecting to %s: %w", p.Upstream, err)
	}
	p.conn = conn
	opened.Server = conn.RemoteAddr().String()
	p.emit(&event.Event{Kind: event.KindUpstreamOpen, Route: opened})
	return nil
}

func (p *player) shake(ctx context.Context) error {
	conn, report, err := p.TLS.Handshake(ctx, p.conn, nil)
	p.emit(&event.Event{Kind: event.KindTLS, TLS: report.TLS})
	if err != nil {
		if f := report.Failure; f != nil {
			return fmt.Errorf("TLS with %s: %s; %s", p.Upstream, f.Text, f.Advice)
		}
		return fmt.Errorf("TLS with %s: %w", p.Upstream, err)
	}
	if report.Ignored != nil {
		p.note("the certificate of %s is not trusted, and that is ignored: %s", p.Upstream, report.Ignored.Text)
	}
	p.conn, p.offers.secure, p.rest = conn, true, nil
	p.under(func() { p.parse.Upgraded(event.SideServer, clock()) })
	return nil
}

// line reads one line that the server sends while nobody else listens.
func (p *player) line() ([]byte, error) {
	buf := make([]byte, 8<<10)
	for {
		if line, rest := cutLine(p.rest); bytes.HasSuffix(line, []byte("\n")) {
			p.rest = rest
			return line, nil
		}
		if len(p.rest) > 256<<10 {
			return nil, fmt.Errorf("a line of more than %d octets", len(p.rest))
		}
		n, err := p.conn.Read(buf)
		p.rest = append(p.rest[:len(p.rest):len(p.rest)], buf[:n]...)
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

func (p *player) greeted() error {
	line, err := p.line()
	if err != nil {
		return err
	}
	p.feed(event.SideServer, line)
	if from, to := bytes.IndexByte(line, '<'), bytes.LastIndexByte(line, '>'); p.Recording.Proto == event.POP3 && from >= 0 && to > from {
		p.offers.timestamp = string(line[from : to+1])
	}
	return nil
}

// ask sends a command of replay's own: it and its answer are no part of what
// is compared. It gives the answer's lines, the completion last.
func (p *player) ask(command string, block bool) (lines []string, err error) {
	tag := ""
	if p.Recording.Proto == event.IMAP {
		tag = "mailtap "
	}
	out := []byte(tag + command + "\r\n")
	p.under(func() { p.parse.Inject(event.SideServer, out, clock()) })
	if _, err := p.conn.Write(out); err != nil {
		return nil, err
	}
	var all []byte
	for len(all) < 1<<20 {
		line, err := p.line()
		if err != nil {
			return lines, err
		}
		all = append(all, line...)
		text := strings.TrimRight(string(line), "\r\n")
		lines = append(lines, text)
		last := tag != "" && strings.HasPrefix(text, tag) || tag == "" && (!block || text == "." || len(lines) == 1 && !strings.HasPrefix(text, "+OK"))
		if last {
			p.under(func() { p.parse.ServerLeg(all, clock()) })
			return lines, nil
		}
	}
	return nil, fmt.Errorf("an answer of more than %d octets", len(all))
}

// capabilities asks what the server offers. A server that does not know the
// question offers nothing.
func (p *player) capabilities() error {
	command, pop := "CAPABILITY", p.Recording.Proto == event.POP3
	if pop {
		command = "CAPA"
	}
	lines, err := p.ask(command, pop)
	if err != nil {
		return err
	}
	p.offers.list = nil
	for i, line := range lines {
		upper := strings.ToUpper(line)
		switch list, ok := strings.CutPrefix(upper, "* CAPABILITY "); {
		case ok:
			p.offers.list = append(p.offers.list, strings.Fields(list)...)
		case pop && i > 0 && upper != ".":
			p.offers.list = append(p.offers.list, upper)
		}
	}
	return nil
}

// wantsUpgrade reports whether TLS is to begin now: where the route requires
// it, or the recorded client did so and the server offers it.
func (p *player) wantsUpgrade() bool {
	switch p.Upstream.Mode {
	case route.StartTLS:
		return true
	case route.Cleartext:
		return p.offers.has(p.upgradeCommand()) && p.wasSecure()
	}
	return false
}

func (p *player) upgradeCommand() string {
	if p.Recording.Proto == event.POP3 {
		return "STLS"
	}
	return "STARTTLS"
}

// wasSecure reports whether the recorded client was inside TLS.
func (p *player) wasSecure() bool {
	for i := range p.Recording.Turns {
		if t := &p.Recording.Turns[i]; t.Kind == event.KindTLS && t.TLS != nil && t.TLS.Side == event.SideClient && t.TLS.Failure == "" {
			return true
		}
	}
	return false
}

func (p *player) upgrade(ctx context.Context) error {
	lines, err := p.ask(p.upgradeCommand(), false)
	if err != nil {
		return fmt.Errorf("asking %s for TLS: %w", p.Upstream, err)
	}
	done := strings.TrimPrefix(lines[len(lines)-1], "mailtap ")
	if !strings.HasPrefix(done, "OK") && !strings.HasPrefix(done, "+OK") {
		return fmt.Errorf("%s does not upgrade to TLS: it answers %q; name it as %s:// to go on in the clear", p.Upstream, clip(done), p.Recording.Proto)
	}
	return p.shake(ctx)
}
