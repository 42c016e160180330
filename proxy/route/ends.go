package route

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
)

// ParseUpstream takes an UPSTREAM alone, options included, for commands that
// listen nowhere. The route's listen side means nothing.
func ParseUpstream(text string) (Route, error) {
	r, err := Parse(text)
	if err != nil {
		return r, err
	}
	if _, upstream, explicit, _ := cut(text); explicit {
		return r, fmt.Errorf("%q: this command listens nowhere; write only the server, %s", clip(text), clip(upstream))
	}
	return r, nil
}

// ParseListen takes a LISTEN side alone: a URL, HOST:PORT or :PORT, which are
// of proto and begin in the clear.
func ParseListen(text string, proto event.Proto) (Endpoint, error) {
	if err := noCredentials(text); err != nil {
		return Endpoint{}, err
	}
	if strings.ContainsAny(text, "=?") {
		return Endpoint{}, fmt.Errorf("%q: write only where to listen, such as %s://127.0.0.1:0", clip(text), proto)
	}
	e, err := parseListen(text, Endpoint{Proto: proto, Mode: Cleartext})
	switch {
	case err == nil && e.Proto != proto:
		err = fmt.Errorf("the recorded session is %s; write %s", proto.Title(), Endpoint{Proto: proto, Mode: e.Mode, Host: e.Host, Port: e.Port, All: e.All})
		return e, fmt.Errorf("%q: %w", clip(text), fmt.Errorf("%w: %w", ErrMixedProtocols, err))
	case err != nil:
		return e, fmt.Errorf("%q: %w", clip(text), err)
	}
	return e, nil
}
