package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// Limits in time.
const (
	dialLimit   = 20 * time.Second
	answerLimit = 2 * time.Minute // beyond twice what the recorded server took
)

// Client plays a recorded client against a server.
type Client struct {
	Recording *Recording
	Upstream  route.Endpoint
	TLS       *tlsfacts.Upstream // how to shake hands, where TLS is wanted

	ID       string                 // of the new session: ten base32 characters
	User     string                 // who logs in; "" is whom the recording has
	Password func() (string, error) // asked once, when the login comes
	Anyway   bool                   // the password may go to another machine in the clear

	Speed            float64 // 1 is the recorded pace, 2 twice as fast; 0 waits for nothing but answers
	StopOnDifference bool

	Sink Sink         // nil: nobody records
	Note func(string) // told what is done otherwise than recorded; nil is ignored

	Dial func(ctx context.Context, network, address string) (net.Conn, error) // nil is net.Dialer's
}

// player is a client at work.
type player struct {
	*Client
	*live
	conn     net.Conn
	rest     []byte // read, and not fed yet: before hear runs
	offers   offers
	recorded *compare.Session
	options  compare.Options
	sent     map[int64]int64   // the new command's seq, by the recorded one's
	then     map[int64]*answer // the recorded commands, by their seq
	uids     uids
	maildrop maildrop
	plan     plan
	hearing  sync.WaitGroup
}

// Run plays the recording, and says what was different. The error says what
// kept it from being played: a server that cannot be reached, a login that is
// refused.
func (c *Client) Run(ctx context.Context) (*compare.Report, error) {
	options := compare.Options{OwnLogin: true}
	p := &player{Client: c, options: options, recorded: c.Recording.Compared(options), sent: map[int64]int64{}, plan: planOf(c.Recording), then: answers(c.Recording)}
	p.live = newLive(c.ID, c.Recording.Proto, c.Sink, options)
	p.listens = true
	err := p.connect(ctx)
	if err == nil {
		p.hearing.Go(func() { p.hear(p.conn, event.SideServer, p.rest) })
		stop := context.AfterFunc(ctx, func() { p.conn.Close() })
		err = p.play(ctx)
		stop()
	}
	by, reason := p.hangUp(err)
	if cerr := p.close(by, reason); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return compare.Compare(p.recorded, p.compared, options), nil
}

// hangUp closes the connection, and says who ended the session.
func (p *player) hangUp(err error) (event.Side, string) {
	if p.conn == nil {
		return event.SideServer, fmt.Sprint(err)
	}
	p.mu.Lock()
	by := event.SideClient
	if p.ended != nil {
		by = event.SideServer
	}
	p.mu.Unlock()
	p.conn.Close()
	p.hearing.Wait()
	if err != nil {
		return by, err.Error()
	}
	return by, ""
}

func (p *player) note(format string, args ...any) {
	if p.Note != nil {
		p.Note(fmt.Sprintf(format, args...))
	}
}

// play goes through the recorded turns in order: what the client sent is sent,
// and what had answered it by then is waited for. So commands that were sent
// together are sent together again.
func (p *player) play(ctx context.Context) error {
	var before time.Time
	for i := range p.Recording.Turns {
		t := &p.Recording.Turns[i]
		if t.Kind.Protocol() && t.Leg == event.LegBoth {
			pause := t.Time.Sub(before)
			if before.IsZero() {
				pause = 0
			}
			before = t.Time
			more, err := p.turn(ctx, i, pause)
			if err != nil || !more {
				return err
			}
		}
	}
	return p.finish(ctx)
}

// finish waits for what is still owed, where the recording says that it came.
func (p *player) finish(ctx context.Context) error {
	p.mu.Lock()
	last := p.command
	p.mu.Unlock()
	if p.compared.Step(last) == nil {
		return nil
	}
	_, err := p.wait(ctx, time.Second, func() bool { return p.done[last] == nil || p.done[last].completion != nil })
	if errors.Is(err, errSilent) {
		return nil
	}
	return err
}

// turn plays one recorded turn. more is false where nothing can follow.
func (p *player) turn(ctx context.Context, i int, pause time.Duration) (more bool, err error) {
	t := &p.Recording.Turns[i]
	switch {
	case t.sent() && t.Kind == event.KindCommand:
		if p.Speed > 0 && !p.pause(ctx, pause) {
			return false, ctx.Err()
		}
		return p.send(ctx, t)
	case t.sent() && t.Kind == event.KindClientData && t.Name == "DONE" || t.sent() && strings.EqualFold(strings.TrimSpace(string(t.Data)), "DONE"):
		if p.Speed > 0 && !p.pause(ctx, pause) {
			return false, ctx.Err()
		}
		return p.write([]byte("DONE\r\n")), nil
	case t.Kind == event.KindContinuation && t.For == "IDLE":
		return p.idling(ctx)
	case t.Kind == event.KindResponse && t.Completes:
		return p.answer(ctx, t)
	}
	return true, nil
}

// pause lets time pass as the recorded client did. Its clock began with the
// event before, as ours does.
func (p *player) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(0, time.Duration(float64(d)/p.Speed)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send sends a recorded command, or what stands in its place.
func (p *player) send(ctx context.Context, t *Turn) (more bool, err error) {
	switch {
	case p.plan.login == t.Seq:
		return p.login(ctx, t)
	case p.plan.skipped[t.Seq] != "":
		if why := p.plan.skipped[t.Seq]; why != unsaid {
			p.note("%s is left out: %s", clip(t.Text), why)
		}
		return true, nil
	}
	data, why := p.mapped(t)
	if why != "" {
		p.note("%s is left out: %s", clip(t.Text), why)
		return true, nil
	}
	ok, err := p.submit(ctx, data, p.offers)
	p.mu.Lock()
	p.sent[t.Seq] = p.live.command
	p.mu.Unlock()
	return ok, err
}

// mapped is a command with the numbers that its messages have now; why says
// why it is better not sent.
func (p *player) mapped(t *Turn) (data []byte, why string) {
	if t.Proto == event.POP3 {
		return p.maildrop.mapped(t)
	}
	return p.uids.mapped(t)
}

// learn takes a recorded command with its answer, and what came now.
func (p *player) learn(then, now *answer) {
	if p.Recording.Proto == event.POP3 {
		p.maildrop.then.learn(then)
		p.maildrop.now.learn(now)
		return
	}
	p.uids.learn(then, now)
}

// submit sends a whole command, and waits where the server has to ask for
// its literals. It is false where the server is gone.
func (p *player) submit(ctx context.Context, data []byte, o offers) (bool, error) {
	for len(data) > 0 {
		line, rest := cutLine(data)
		data = rest
		size, sync, head, isLiteral := announced(line)
		isLiteral = isLiteral && len(rest) > 0 && size <= int64(len(rest))
		if !isLiteral {
			if !p.write(line) {
				return false, nil
			}
			continue
		}
		if !sync && !o.nonSync(size) {
			line, sync = fmt.Appendf(nil, "%s{%d}\r\n", head, size), true
		}
		p.mu.Lock()
		asked, command := p.asked, p.live.command
		p.mu.Unlock()
		if !p.write(line) {
			return false, nil
		}
		if sync {
			// A refused literal ends the command: its event comes with the answer.
			ok, err := p.wait(ctx, answerLimit, func() bool { return p.asked > asked || p.live.command > command })
			if !ok || err != nil {
				return ok, p.silent(err)
			}
			p.mu.Lock()
			refused := p.asked == asked
			p.mu.Unlock()
			if refused {
				return true, nil
			}
		}
		if !p.write(data[:size]) {
			return false, nil
		}
		data = data[size:]
	}
	return true, nil
}

// write tells of what is sent, then sends it. It is false where it cannot be sent.
func (p *player) write(data []byte) bool {
	p.feed(event.SideClient, data)
	_, err := p.conn.Write(data)
	return err == nil
}

// idling waits until the server idles, or says that it does not.
func (p *player) idling(ctx context.Context) (bool, error) {
	p.mu.Lock()
	seq := p.live.command
	p.mu.Unlock()
	ok, err := p.wait(ctx, answerLimit, func() bool { return p.parse.Info().Idle || p.done[seq] == nil || p.done[seq].completion != nil })
	return ok, p.silent(err)
}

// answer waits for the completion of a command whose recorded one came now.
func (p *player) answer(ctx context.Context, t *Turn) (bool, error) {
	seq, ok := p.sent[t.Cmd]
	if !ok {
		return true, nil
	}
	ok, err := p.wait(ctx, answerLimit+2*t.Latency, func() bool { return p.done[seq] == nil || p.done[seq].completion != nil })
	if err != nil || !ok {
		return ok, p.silent(err)
	}
	if now := p.completed(seq); now != nil && p.then[t.Cmd] != nil {
		p.learn(p.then[t.Cmd], now)
	}
	if p.StopOnDifference && p.differs(t.Cmd, seq) {
		p.note("stopped at the first answer that differs; the rest was not played")
		return false, nil
	}
	return true, nil
}

// differs holds a command that was answered against the recorded one.
func (p *player) differs(recorded, played int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, b := p.recorded.Step(recorded), p.compared.Step(played)
	if a == nil || b == nil {
		return false
	}
	for _, d := range compare.Held(a, b, p.options) {
		if d.Kind != compare.KindSpeed {
			return true
		}
	}
	return false
}

// silent words what a server did that did not answer.
func (p *player) silent(err error) error {
	if errors.Is(err, errSilent) {
		return fmt.Errorf("waiting for %s: no answer to the last command in %v", p.Upstream, answerLimit)
	}
	return err
}

// cutLine gives the first line with its end, and what follows.
func cutLine(data []byte) (line, rest []byte) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[:i+1], data[i+1:]
	}
	return data, nil
}

// announced reads the literal that a line ends with (RFC 9051 §4.3): its size,
// whether the server has to ask for it, and the line before it.
func announced(line []byte) (size int64, sync bool, head []byte, ok bool) {
	text := bytes.TrimRight(line, "\r\n")
	open := bytes.LastIndexByte(text, '{')
	if open < 0 || !bytes.HasSuffix(text, []byte("}")) {
		return 0, false, nil, false
	}
	digits := text[open+1 : len(text)-1]
	digits, nonSync := bytes.CutSuffix(digits, []byte("+"))
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false, nil, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false, nil, false
		}
		size = size*10 + int64(c-'0')
	}
	return size, !nonSync, text[:open], true
}

// clip shortens a line for a message.
func clip(text string) string {
	if r := []rune(text); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return text
}
