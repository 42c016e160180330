package pop3

import (
	"bytes"

	"mailtap/parse/event"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// hidden is what a line hides, found live or told by a record, and what a
// SASL step says of itself.
type hidden struct {
	secrets []wire.Secret
	step    *sasl.Step
	x       *sasl.Exchange // a new one, begun by AUTH
	initial bool           // with an initial response
}

// fault is what is wrong with the form of what is hidden.
func (h *hidden) fault() string {
	for _, s := range h.secrets {
		if s.Error != "" {
			return s.Error
		}
	}
	if h.step != nil {
		return h.step.Error
	}
	return ""
}

// hideCommand finds what a command hides. known are the secrets by a record;
// where it has any, the line is masked already.
func (s *Session) hideCommand(line []byte, p *parsed, known []wire.Secret) (h hidden) {
	if p.name == "AUTH" && len(p.args) > 0 {
		return s.hideAuth(line, p, known)
	}
	owed := s.owed && !p.known
	if owed {
		p.unnamed(len(line) - len(bytes.TrimLeft(line, " "))) // nor is its first word one
	}
	switch {
	case len(known) > 0:
		h.secrets = known
	case p.known && p.cmd.Secret > 0 && len(p.args) >= p.cmd.Secret:
		h.secrets = []wire.Secret{s.secretArgument(line, p)}
	case owed, !p.known && !s.State.LoggedIn():
		h.secrets = s.hideUnknown(line, p)
	}
	h.step = loginStep(line, p, h.secrets)
	return h
}

// listen keeps what a client's line hides until the login stands: the server
// may quote it.
func (s *Session) listen(l *line, secrets []wire.Secret) {
	if len(l.known) > 0 || s.State.LoggedIn() && !s.owed {
		return
	}
	for _, k := range secrets {
		secret := l.data[k.Off : k.Off+k.Len]
		s.echo.Listen(secret)
		s.echo.Listen(bytes.Trim(secret, " ")) // as a server takes it
		s.echo.ListenStep(k.Mech, secret)
	}
}

// quoted finds the credentials that a server's line repeats from off on: some
// servers quote the command that they refuse.
func (s *Session) quoted(l *line, off int) []wire.Secret {
	if l.dir != event.SideServer || len(l.known) > 0 {
		return l.known
	}
	s.listenHalf()
	return s.echo.Find(trimEnd(l.data), off, nil)
}

// listenHalf keeps what came of a line that has not ended: a server that is out
// of step may quote that much.
func (s *Session) listenHalf() {
	half := s.client.split.Kept()
	if s.State.LoggedIn() && !s.owed || len(half) == 0 {
		return
	}
	if s.exchange(half) == nil {
		_, half, _ = bytes.Cut(half, []byte(" "))
	}
	s.echo.Listen(bytes.Trim(half, " \r"))
}

// maskListing masks the credentials that a listing before the login repeats.
func (s *Session) maskListing(data []byte) []byte {
	if s.open.message || s.o.ShowSecrets || s.open.dir != event.SideServer {
		return data
	}
	secrets := s.echo.Find(data, 0, nil)
	if len(secrets) == 0 {
		return data
	}
	s.scratch = wire.Mask(s.scratch[:0], data, secrets)
	return s.scratch
}

// secretArgument is the password of PASS, the digest of APOP.
func (s *Session) secretArgument(line []byte, p *parsed) wire.Secret {
	arg := p.args[p.cmd.Secret-1]
	value := arg.of(line)
	secret := wire.Secret{Off: arg.off, Len: len(value), Form: "line", Mech: "USER", User: s.named}
	if p.name == "APOP" {
		secret.Form, secret.Mech = "digest", "APOP"
		secret.User = wire.Escape(p.args[0].of(line))
		secret.Error = sasl.DigestFault(value)
	}
	secret.Shape = sasl.Shape(value, secret.Form)
	return secret
}

// hideUnknown masks what stands behind the second word of a line that is no
// known command (CONTRACT section 3). Where the first is no keyword, or a
// password is due, less is left: a line out of step may be a secret itself.
func (s *Session) hideUnknown(line []byte, p *parsed) []wire.Secret {
	end := len(bytes.TrimRight(line, "\r\n"))
	from := end
	switch {
	case p.name == "":
		from = len(line) - len(bytes.TrimLeft(line, " "))
	case len(p.args) > 0 && s.named != "":
		from = p.args[0].off
	case len(p.args) > 0:
		second := p.args[0].of(line)
		from = p.args[0].off + wordLen(second)
		if from == p.args[0].end && len(p.args) > 1 {
			from = p.args[1].off
		}
	}
	if from >= end {
		return nil
	}
	return []wire.Secret{{Off: from, Len: end - from, Form: "line", Shape: sasl.Shape(line[from:end], "line")}}
}

// wordLen ends a word at a control character too: some clients send tabs.
func wordLen(word []byte) int {
	for i, c := range word {
		if c <= ' ' {
			return i
		}
	}
	return len(word)
}

// hideAuth begins an exchange, with its initial response where there is one.
// What cannot be a mechanism's name is taken for a part of that.
func (s *Session) hideAuth(line []byte, p *parsed, known []wire.Secret) (h hidden) {
	mech := p.args[0].of(line)
	ir := span{p.args[0].off, p.args[len(p.args)-1].end}
	if sasl.IsMech(mech) {
		ir.off = p.args[0].end
		if len(p.args) > 1 {
			ir = p.args[1]
		}
	} else {
		mech = nil
	}
	h.x = sasl.New(string(mech))
	step := sasl.Step{Mech: h.x.Mech()}
	if h.initial = ir.end > ir.off; h.initial {
		if len(known) > 0 {
			step = h.x.Recorded(event.SideClient, known[0])
		} else {
			step = h.x.Client(ir.of(line))
		}
		h.keep(&step, ir, known)
	}
	h.step = &step
	return h
}

// keep makes the secret of a step, unless a record has it.
func (h *hidden) keep(step *sasl.Step, at span, known []wire.Secret) {
	switch {
	case len(known) > 0:
		h.secrets = known
	case step.Secret:
		h.secrets = []wire.Secret{step.Hidden(at.off, at.end-at.off)}
	}
}

// hideStep takes a SASL line of either side; at is where its base64 stands.
func hideStep(x *sasl.Exchange, side event.Side, line []byte, at span, known []wire.Secret) (h hidden) {
	var step sasl.Step
	switch {
	case len(known) > 0:
		step = x.Recorded(side, known[0])
	case side == event.SideClient:
		step = x.Client(at.of(line))
	default:
		step = x.Server(at.of(line))
	}
	h.keep(&step, at, known)
	h.step = &step
	return h
}

// loginStep is what USER, PASS and APOP say of a login, in the words of SASL.
func loginStep(line []byte, p *parsed, secrets []wire.Secret) *sasl.Step {
	if p.name == "USER" && len(p.args) > 0 {
		return &sasl.Step{Mech: "USER", User: wire.Escape(p.args[0].of(line))}
	}
	if len(secrets) == 0 || p.name != "PASS" && p.name != "APOP" && p.name != "RPOP" {
		return nil
	}
	k := secrets[0]
	return &sasl.Step{Mech: k.Mech, User: k.User, Shape: k.Shape}
}
