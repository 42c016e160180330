// Package control is the endpoint at which viewers attach to a running proxy
// (CONTRACT section 6): HTTP, with one JSON object a line.
//
//	GET /sessions               the sessions that run, and those of which something is kept
//	GET /events?filter=EXPR     events: what is kept, then what happens
//	GET /sessions/ID/capture    one session as pcapng: what is kept, then what happens
//	GET /healthz                whether mailtap lives
//	DELETE /sessions/ID         end a session
//	PUT /sessions/ID/marks/SEQ  mark an event; the request's body is the comment, if any
//	DELETE /sessions/ID/marks/SEQ
//
// With ?follow=0 a stream ends with what is kept. With ?octets=1 the octets
// of the sessions stand between the events, as {"session":ID,"octets":{...}}.
//
// A History takes what sessions have to say and keeps the last of it, within
// its limit, for readers that come late or are slow: each reads at its own
// pace, and is told how much was gone before it could read it. Nothing here
// ever holds a session up.
//
// Only the user gets in: the unix socket lies in a directory of mode 0700, TCP
// takes a token, and no request that a web page can make is answered. The
// package writes no capture itself (proxy does not know captures): cmd hands a
// Recorder in. Client is the other end, for `view --attach`.
package control

import (
	"io"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// DefaultHistory is how many bytes are kept without --history.
const DefaultHistory = 64 << 20

// KindDropped is the event that tells a reader how many events it did not get.
const KindDropped event.Kind = "dropped"

// Recorder writes items as a capture. captures.Stream is one.
type Recorder interface {
	Write(batch []wire.Item) error
	Flush() error
}

// Config is what a server needs.
type Config struct {
	History *History
	End     func(session string) bool  // ends a session, and reports whether there was one
	Record  func(w io.Writer) Recorder // begins a capture
	Mark    func(*event.Event)         // puts a mark on record, where History gets it too; nil: none can be made
	Keeps   bool                       // the proxy records: a mark outlives it
	Failed  func(error)                // is told why serving ended, if it was not Close; may be nil
	Version string                     // of mailtap
	CA      string                     // the file of the certificate that clients have to trust, if there is one
}

// Health is what GET /healthz says.
type Health struct {
	Status   string `json:"status"` // ok
	Version  string `json:"version"`
	Sessions int    `json:"sessions"` // that are open
	Uptime   int64  `json:"uptime_ms"`
	Recorded bool   `json:"recorded"` // the proxy records
	CA       string `json:"ca,omitempty"`
}

// Session is what GET /sessions says of one.
type Session struct {
	Session  string `json:"session"`
	Proto    string `json:"proto"`
	Open     bool   `json:"open"`
	Time     string `json:"time"` // of its beginning
	Client   string `json:"client"`
	Server   string `json:"server,omitempty"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
	User     string `json:"user,omitempty"`
	Mailbox  string `json:"mailbox,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	State    string `json:"state,omitempty"`
	Commands int64  `json:"commands"`
	BytesC   int64  `json:"bytes_c"`
	BytesS   int64  `json:"bytes_s"`
	Findings int64  `json:"findings"`
	Failure  string `json:"failure,omitempty"`
	By       string `json:"by,omitempty"`
	Summary  string `json:"summary,omitempty"`
	Gone     int64  `json:"gone,omitempty"` // items that are not kept any more
}
