package peertest_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mailtap/proxy/peertest"
)

// heard is a connection that keeps what was sent and received.
type heard struct {
	net.Conn
	mu             sync.Mutex
	sent, received bytes.Buffer
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.received.Write(p[:n])
	return n, err
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	h.sent.Write(p)
	h.mu.Unlock()
	return h.Conn.Write(p)
}

// TestRawExport holds `mailtap export --to raw` against what the client itself
// sent and received: byte for byte with --show-secrets, and without it in all
// but the password, whose length stays.
func TestRawExport(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	for _, show := range []bool{true, false} {
		t.Run(fmt.Sprintf("show-secrets=%v", show), func(t *testing.T) {
			t.Parallel()
			d := peertest.StartDovecot(t, peertest.DovecotOptions{})
			p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{ShowSecrets: show})
			u := d.User(t)
			c := dial(t, p, cleartext("imap"))
			h := &heard{Conn: c.Conn}
			c.Conn = h
			c.r.Reset(h)
			c.line()
			c.send(fmt.Sprintf("a1 LOGIN %s %q\r\n", u.Name, u.Password))
			c.until("a1 OK")
			c.send("a2 SELECT INBOX\r\na3 FETCH 1:* (FLAGS BODY.PEEK[])\r\n")
			c.until("a3 OK")
			c.send("a4 APPEND INBOX {20+}\r\nSubject: x\r\n\r\n.\r\n\x00\xff\r\n\r\n")
			c.until("a4 ")
			c.send("a5 IDLE\r\n")
			c.until("+")
			c.send("DONE\r\n")
			c.until("a5 OK")
			c.send("nonsense\r\n\r\n\na6 XYZZY {3}\r\n")
			c.until("a6 BAD")
			c.send("a7 LOGOUT\r\n")
			c.until("a7 OK")
			c.closed()
			p.Stop(t)
			out := filepath.Join(t.TempDir(), "raw")
			peertest.Run(t, p.Dir, peertest.Mailtap(t), "export", "--to", "raw", "--out", out, "--show-secrets="+fmt.Sprint(show), p.Capture)
			sent := h.sent.String()
			if !show {
				sent = strings.Replace(sent, u.Password, strings.Repeat("*", len(u.Password)), 1)
			}
			sameFile(t, out+".client", sent)
			sameFile(t, out+".server", h.received.String())
		})
	}
}

func sameFile(t *testing.T, path, want string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(data); got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%s has %d octets, want %d; they differ from %d on: %q, want %q", filepath.Base(path), len(got), len(want), at,
			peertest.Cut(got[at:], 200), peertest.Cut(want[at:], 200))
	}
}
