package mailserver

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// imapCaps are what the memory server can do: IMAP4rev2, and by name what that
// includes, for clients that know the extensions alone. The library adds
// STARTTLS, AUTH=PLAIN, LOGINDISABLED, SASL-IR, IDLE and others as they apply.
var imapCaps = imap.CapSet{
	imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {},
	imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {}, imap.CapSearchRes: {},
	imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapMove: {}, imap.CapStatusSize: {}, imap.CapBinary: {},
}

// IMAP serves the mailboxes on l, which it closes in the end.
func (m *Mailboxes) IMAP(l net.Listener, o Options) *Server {
	server := imapserver.New(m.imapOptions(o, o.Mode == Clear || o.Mode == Offered))
	s := &Server{listener: newTracker(l), stop: server.Close}
	var on net.Listener = s.listener
	if o.Mode == Implicit {
		on = tls.NewListener(on, o.TLS)
	}
	s.running.Go(func() {
		if err := server.Serve(on); err != nil {
			o.log("serving IMAP: %v", err)
		}
	})
	return s
}

func (m *Mailboxes) imapOptions(o Options, clearLogin bool) *imapserver.Options {
	options := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return session{m.imap.NewSession().(imapserver.SessionIMAP4rev2)}, nil, nil
		},
		Caps:         imapCaps,
		InsecureAuth: clearLogin,
		Logger:       logger(o.log),
	}
	if o.Mode == Offered || o.Mode == Required {
		options.TLSConfig = o.TLS
	}
	return options
}

// session is one of the memory server's, with an IDLE that loses nothing.
type session struct{ imapserver.SessionIMAP4rev2 }

// newsInterval is how often an IDLE looks for news.
const newsInterval = 20 * time.Millisecond

// Idle tells of changes as they come. The library's own hears only of those
// that come after it began to listen, which is behind its "+ idling": what
// changes between the two it tells with the next change, or never.
func (s session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	look := time.NewTicker(newsInterval)
	defer look.Stop()
	for {
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-stop:
			return nil
		}
	}
}

// logger is a log function as the IMAP library wants it.
type logger func(format string, args ...any)

func (l logger) Printf(format string, args ...any) { l(format, args...) }
