package captures

import (
	"fmt"
	"strings"
	"time"

	"mailtap/captures/pcapng"
	"mailtap/captures/tcp"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// foreign makes sessions of the streams that other tools recorded. It is a
// walk's tcp.Sink.
type foreign struct{ w *walk }

// guest is one such session.
type guest struct {
	session
	hidden bool // inside TLS from some point on
}

// foreign takes a packet that is not mailtap's own; a user's comment on it is
// a mark.
func (w *walk) foreign(p *pcapng.Packet) {
	s := w.others.Packet(p.Link, p.Time, p.Data, p.Length)
	if s == nil {
		return
	}
	if g, ok := s.Data.(*guest); ok && len(w.notes.users) > 0 {
		w.events(&g.session, p.Time)
	}
}

// guestOf is the session of a stream, or nil where it is not wanted or over.
func guestOf(s *tcp.Stream) *guest {
	if g, ok := s.Data.(*guest); ok && g.parse != nil {
		return g
	}
	return nil
}

// Open begins a session. Nobody recorded a route: what the addresses tell
// stands in its place.
func (f *foreign) Open(s *tcp.Stream) {
	if f.w.only != "" && f.w.only != s.ID {
		return
	}
	f.w.found = true
	g := &guest{session: session{id: s.ID, context: &event.Context{Session: s.ID, Proto: s.Proto}}}
	g.parse = f.w.r.newParse(s.Proto, wire.Options{ID: s.ID, ShowSecrets: f.w.r.ShowSecrets, Sink: &sink{f.w, &g.session}})
	s.Data = g
	f.w.guests[g] = true
	g.parse.Emit(&event.Event{Kind: event.KindSessionOpen, Time: s.Start, Route: &event.Route{
		Client: s.Client.String(), Upstream: s.Proto.String() + "://" + s.Server.String()}})
	g.parse.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: s.Start, Route: &event.Route{Server: s.Server.String()}})
}

// Octets feeds the session: what another tool recorded is not masked yet.
func (f *foreign) Octets(s *tcp.Stream, side event.Side, data []byte, t time.Time) {
	if g := guestOf(s); g != nil {
		g.parse.Feed(side, data, t, nil)
	}
}

func (f *foreign) Gap(s *tcp.Stream, side event.Side, n int64, t time.Time) {
	if g := guestOf(s); g != nil && !g.hidden {
		g.parse.Gap(side, n, t)
	}
}

func (f *foreign) End(s *tcp.Stream, side event.Side, t time.Time) {
	if g := guestOf(s); g != nil {
		g.parse.EOF(side, t)
	}
}

// TLS says what the handshake shows, and that the rest cannot be read.
func (f *foreign) TLS(s *tcp.Stream, h *tcp.Handshake, t time.Time) {
	g := guestOf(s)
	if g == nil {
		return
	}
	g.hidden = true
	e := &event.TLS{Side: event.SideServer, Version: h.Version, Cipher: h.Cipher, SNI: h.SNI, ALPN: h.ALPN}
	for _, c := range h.Peer {
		names := append([]string(nil), c.DNSNames...)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
		e.Peer = append(e.Peer, event.Certificate{Subject: c.Subject.String(), Names: names, Issuer: c.Issuer.String(),
			Expiry: c.NotAfter, Reason: "read from a capture, and not verified"})
	}
	g.parse.Emit(&event.Event{Kind: event.KindTLS, Time: t, TLS: e})
	found := f.w.encrypted(s, h)
	found.Time = t
	g.parse.Emit(found)
}

func orUnknown(text, unknown string) string {
	if text == "" {
		return unknown
	}
	return text
}

// Close ends a session whose connection ended in the capture.
func (f *foreign) Close(s *tcp.Stream, by event.Side, reset bool, t time.Time) {
	g := guestOf(s)
	if g == nil {
		return
	}
	g.parse.EOF(event.SideClient, t)
	g.parse.EOF(event.SideServer, t)
	info := g.parse.Info()
	end := &event.Close{BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, Duration: t.Sub(s.Start), By: by,
		WireC: info.BytesC + s.Hidden[client], WireS: info.BytesS + s.Hidden[server]}
	var reasons []string
	if reset {
		reasons = append(reasons, "the connection was reset")
	}
	if n := s.Hidden[client] + s.Hidden[server]; n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d octets inside TLS were not read", n))
	}
	end.Reason = strings.Join(reasons, "; ")
	g.parse.Emit(&event.Event{Kind: event.KindSessionClose, Time: t, State: info.State, Close: end})
	g.parse.Close()
	g.parse = nil
	delete(f.w.guests, g)
}
