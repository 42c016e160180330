package captures

import (
	"time"

	"mailtap/parse/event"
)

// Session is what a quick look at a capture tells of one of its sessions.
type Session struct {
	ID         string
	Proto      event.Proto
	Client     string // IP:PORT
	Server     string
	Upstream   string // URL
	Start, End time.Time
	Octets     [2]int64 // from the client, from the server
	Closed     bool     // its session.close is on record
}
