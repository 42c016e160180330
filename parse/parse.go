// Package parse is the front door of mailtap's pure core: it understands IMAP
// and POP3 without touching a socket, a file or a clock.
//
// A Session takes the octets of both sides as they come, in chunks of any
// size, and says what they are: see wire.Session for the calls, event.Event
// for what comes out, CONTRACT section 3 for the names. The proxy, the readers
// of captures and the tests all come in here.
package parse

import (
	"fmt"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/imap"
	"mailtap/parse/pop3"
	"mailtap/parse/wire"
)

// New starts the understanding of one session.
func New(proto event.Proto, o wire.Options) wire.Session {
	seen := &observer{Sink: o.Sink}
	o.Sink = seen
	s := start(proto, o)
	seen.watch = finding.NewWatch(s.Emit)
	return observed{s, seen}
}

func start(proto event.Proto, o wire.Options) wire.Session {
	switch proto {
	case event.POP3:
		return pop3.New(o)
	case event.IMAP:
		return imap.New(o)
	}
	panic(fmt.Sprintf("parse: no session for protocol %q", proto))
}
