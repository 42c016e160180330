package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"mailtap/parse/event"
)

// A client that sends its login and its upgrade in one packet: the login is
// answered first, and the upgrade's answer still counts.
func TestLoginBeforeUpgrade(t *testing.T) {
	tests := []struct {
		scheme, greeting, login, in, upgrade, no, noop, done string
	}{
		{"imap", "* OK ready", "a1 LOGIN alice secret", "a1 OK in", "a2 STARTTLS", "a2 BAD too late", "a3 NOOP", "a3 OK done"},
		{"pop3", "+OK ready", "PASS secret", "+OK in", "STLS", "-ERR too late", "NOOP", "+OK done"},
	}
	for _, tt := range tests {
		t.Run(tt.scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStill(t, tt.scheme, tt.scheme, nil)
				c, srv := s.greeted(tt.greeting)
				go c.send(tt.login, tt.upgrade)
				srv.want(tt.login, tt.upgrade)
				srv.send(tt.in)
				c.want(tt.in)
				srv.send(tt.no)
				c.want(tt.no)
				go c.send(tt.noop)
				srv.want(tt.noop)
				srv.send(tt.done)
				c.want(tt.done)
				c.conn.Close()
				srv.wantEnd()
				s.end()
				s.wantClosed(event.SideClient, "closed its connection")
			})
		})
	}
}

// A server that accepts the upgrade behind such a login is followed.
func TestUpgradeBehindLogin(t *testing.T) {
	r := newRig(t, "imap", "imap", func(p *peer) {
		p.send("* OK ready")
		p.want("a1 LOGIN alice secret", "a2 STARTTLS")
		p.send("a1 OK in", "a2 OK begin")
		if !p.serverTLS() {
			return
		}
		p.want("a3 NOOP")
		p.send("a3 OK done")
	}, nil)
	c := r.client()
	c.want("* OK ready")
	c.send("a1 LOGIN alice secret", "a2 STARTTLS")
	c.want("a1 OK in", "a2 OK begin")
	c.clientTLS()
	c.send("a3 NOOP")
	c.want("a3 OK done")
	c.wantEnd()
	r.end()
}

// A client that goes while the server is silent about the upgrade: the server
// is told at once.
func TestClientLeavesDuringUpgrade(t *testing.T) {
	asked := make(chan bool)
	r := newRig(t, "imap", "imap", func(p *peer) {
		p.send("* OK ready")
		p.want("a1 STARTTLS")
		close(asked)
		p.wantEnd()
	}, nil)
	c := r.client()
	c.want("* OK ready")
	c.send("a1 STARTTLS")
	<-asked
	c.conn.Close()
	r.end()
	closed := r.record.closes()
	if len(closed) != 1 || closed[0].Close.By != event.SideClient {
		t.Errorf("closed: %+v", closed)
	}
}

// What such a client has sent behind its upgrade may still go on, if the
// server says no; but not for ever.
func TestClientLeavesBehindUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imap", "imap", nil)
		c, srv := s.greeted("* OK ready")
		go c.send("a1 STARTTLS", "a2 NOOP")
		srv.want("a1 STARTTLS")
		synctest.Wait()
		began := time.Now()
		c.conn.Close()
		srv.wantEnd()
		if waited := time.Since(began); waited != clientEnded {
			t.Errorf("ended after %v, want %v", waited, clientEnded)
		}
		s.end()
		s.wantClosed(event.SideClient, "closed its connection")
	})
}
