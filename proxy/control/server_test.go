package control

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/ca"
)

const token = "a-token-of-some-length"

// serve starts an endpoint; ended gets the sessions that were ended.
func serve(t *testing.T, address string, h *History, o ListenOptions) (*Listener, *ended) {
	t.Helper()
	l, err := Listen(address, o)
	if err != nil {
		t.Fatal(err)
	}
	e := &ended{}
	mark := func(m *event.Event) { h.Write([]wire.Item{{Session: m.Session, Event: m}}) }
	s := NewServer(l, Config{History: h, Version: "test", End: e.end, Mark: mark, Keeps: true, Record: func(w io.Writer) Recorder { return captures.NewStream(w, captures.Options{Version: "test"}) }})
	s.Start()
	t.Cleanup(func() {
		h.Close()
		s.Close(5 * time.Second)
	})
	return l, e
}

type ended struct {
	mu  sync.Mutex
	ids []string
}

func (e *ended) end(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ids = append(e.ids, id)
	return id == "A"
}

func socket(t *testing.T) string { return "unix:" + filepath.Join(t.TempDir(), "m", "s.sock") }

func dial(t *testing.T, address string, o DialOptions) *Client {
	t.Helper()
	c, err := Dial(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// next takes n events, however they are batched.
func next(t *testing.T, s *Stream, n int) (events []*event.Event, dropped int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(events) < n {
		b, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		for _, item := range b.Items {
			events = append(events, item.Event)
		}
		dropped += b.Dropped
	}
	return events, dropped
}

func TestEventsAreHistoryThenLive(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("A"), octets("A", 2), command("A", 2))
	l, _ := serve(t, socket(t), h, ListenOptions{})
	c := dial(t, l.Address, DialOptions{})
	s, err := c.Events(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, _ := next(t, s, 2)
	if got[0].Kind != event.KindSessionOpen || got[1].Text != "a2 NOOP" || got[1].User != "alice" {
		t.Errorf("history = %+v %+v", got[0], got[1])
	}
	write(t, h, command("A", 3))
	if got, dropped := next(t, s, 1); got[0].Seq != 3 || dropped != 0 {
		t.Errorf("live = %+v, %d dropped", got[0], dropped)
	}
	h.Close()
	if _, err := s.Next(t.Context()); err != io.EOF {
		t.Errorf("at the proxy's end: %v, want EOF", err)
	}
}

func TestItemsHaveOctetsBetweenEvents(t *testing.T) {
	h := NewHistory(0)
	secret := octets("A", 2)
	secret.Octets.Secrets = []wire.Secret{{Off: 3, Len: 4, Form: "atom", Mech: "LOGIN", Shape: "an atom"}}
	secret.Octets.Altered = &wire.Altered{Other: "x", Bytes: 3}
	secret.Octets.Part, secret.Octets.Deflate = wire.PartBody, true
	want := []wire.Item{openEvent("A"), secret, command("A", 2)}
	write(t, h, want...)
	l, _ := serve(t, socket(t), h, ListenOptions{})
	s, err := dial(t, l.Address, DialOptions{}).Items(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []wire.Item
	for len(got) < len(want) {
		b, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b.Items...)
	}
	if got[1].Session != "A" || !reflect.DeepEqual(got[1].Octets, secret.Octets) {
		t.Errorf("octets %+v, want %+v", got[1].Octets, secret.Octets)
	}
	if got[0].Event == nil || got[2].Event == nil || got[2].Event.Text != "a2 NOOP" {
		t.Errorf("items %+v", got)
	}
}

func TestFilter(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("A"), command("A", 2), openEvent("B"), command("B", 2))
	l, _ := serve(t, socket(t), h, ListenOptions{})
	c := dial(t, l.Address, DialOptions{})
	s, err := c.Events(t.Context(), `session == "B" && event == "command"`)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, _ := next(t, s, 1); got[0].Session != "B" || got[0].Kind != event.KindCommand {
		t.Errorf("got %+v", got[0])
	}
	_, err = c.Events(t.Context(), `session ==`)
	if err == nil || !strings.Contains(err.Error(), "(400)") || !strings.Contains(err.Error(), "column") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a wrong filter: %v, want one line with its column", err)
	}
}

func TestSessionsAndTheirEnd(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("A"))
	l, e := serve(t, socket(t), h, ListenOptions{})
	c := dial(t, l.Address, DialOptions{})
	list, err := c.Sessions(t.Context())
	if err != nil || !slices.Equal(list, h.Sessions()) {
		t.Errorf("Sessions = %+v, %v", list, err)
	}
	if err := c.End(t.Context(), "A"); err != nil {
		t.Error(err)
	}
	if err := c.End(t.Context(), "no such"); err == nil || !strings.Contains(err.Error(), `no session "no such" runs`) {
		t.Errorf("End of no session = %v", err)
	}
	if !slices.Equal(e.ids, []string{"A", "no such"}) {
		t.Errorf("ended %q", e.ids)
	}
}

// TestCaptureOfASession reads what was streamed as any capture.
func TestCaptureOfASession(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("AAAAAAAAAA"), upstreamEvent("AAAAAAAAAA"), octets("AAAAAAAAAA", 3), command("AAAAAAAAAA", 3),
		openEvent("BBBBBBBBBB"), octets("BBBBBBBBBB", 2), command("BBBBBBBBBB", 2))
	l, _ := serve(t, socket(t), h, ListenOptions{})
	c := dial(t, l.Address, DialOptions{})
	var kept bytes.Buffer
	if err := c.Capture(t.Context(), "AAAAAAAAAA", &kept, false); err != nil {
		t.Fatal(err)
	}
	if got := lines0(t, kept.Bytes()); !slices.Equal(got, []string{"a3 NOOP"}) {
		t.Errorf("kept: %q", got)
	}
	read, written := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- c.Capture(t.Context(), "AAAAAAAAAA", written, true); written.Close() }()
	head := make([]byte, 64)
	if _, err := io.ReadFull(read, head); err != nil { // it streams before the session ends
		t.Fatal(err)
	}
	write(t, h, octets("AAAAAAAAAA", 4), command("AAAAAAAAAA", 4), closeEvent("AAAAAAAAAA", 5))
	rest, err := io.ReadAll(read)
	if err != nil || <-done != nil {
		t.Fatal(err)
	}
	if got := lines0(t, append(head, rest...)); !slices.Equal(got, []string{"a3 NOOP", "a4 NOOP"}) {
		t.Errorf("followed: %q", got)
	}
	if err := c.Capture(t.Context(), "none", io.Discard, false); err == nil || !strings.Contains(err.Error(), "(404)") {
		t.Errorf("a capture of no session: %v", err)
	}
}

// lines0 is the client's commands in a capture.
func lines0(t *testing.T, data []byte) (texts []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Walk(func(item wire.Item) error {
		if item.Event != nil && item.Event.Kind == event.KindCommand {
			texts = append(texts, item.Event.Text)
		}
		return nil
	})
	if err != nil {
		t.Errorf("reading it: %v", err)
	}
	return texts
}

// TestSlowReaderIsToldWhatItMissed: it reads nothing for a while, holds nobody
// up, and then the sums are right.
func TestSlowReaderIsToldWhatItMissed(t *testing.T) {
	h := NewHistory(200 << 10)
	l, _ := serve(t, socket(t), h, ListenOptions{})
	conn, err := net.Dial("unix", strings.TrimPrefix(l.Address, "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil) // the header came: the stream runs
	if err != nil {
		t.Fatal(err)
	}
	const total = 20000
	write(t, h, openEvent("A"))
	for seq := 2; seq <= total; seq++ {
		write(t, h, command("A", seq))
	}
	h.Close()
	var got, lost int64
	in := bufio.NewScanner(resp.Body)
	for in.Scan() {
		var line dropped
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Event != KindDropped {
			got++
			continue
		}
		lost += line.Count
		if line.Count == 0 || !strings.Contains(line.Message, "left out") {
			t.Errorf("line %s", in.Bytes())
		}
	}
	if lost == 0 || got+lost < total || got+lost > total+1 { // what opened the session may come once more
		t.Errorf("%d events and %d dropped of %d", got, lost, total)
	}
}

func TestGuard(t *testing.T) {
	h := NewHistory(0)
	l, _ := serve(t, "127.0.0.1:0", h, ListenOptions{Token: token})
	bound := l.Addr().String()
	_, port, _ := net.SplitHostPort(bound)
	with := func(pairs ...string) http.Header {
		header := http.Header{"Authorization": {"Bearer " + token}}
		for i := 0; i < len(pairs); i += 2 {
			header.Set(pairs[i], pairs[i+1])
		}
		return header
	}
	tests := []struct {
		name   string
		host   string
		header http.Header
		want   int
	}{
		{"as it should be", bound, with(), 200},
		{"localhost", "localhost:" + port, with(), 200},
		{"localhost without port", "localhost", with(), 200},
		{"LOCALHOST", "LOCALHOST:" + port, with(), 200},
		{"the address without port", "127.0.0.1", with(), 200},
		{"no token", bound, http.Header{}, 401},
		{"wrong token", bound, with("Authorization", "Bearer wrong"), 401},
		{"the token's beginning", bound, with("Authorization", "Bearer "+token[:8]), 401},
		{"empty token", bound, with("Authorization", "Bearer "), 401},
		{"another scheme", bound, with("Authorization", "Basic "+token), 401},
		{"DNS rebinding", "evil.example:" + port, with(), 403},
		{"DNS rebinding by a name of localhost", "localhost.evil.example:" + port, with(), 403},
		{"another address", "192.0.2.1:" + port, with(), 403},
		{"another port", "127.0.0.1:1", with(), 403},
		{"foreign origin", bound, with("Origin", "https://evil.example"), 403},
		{"own origin", bound, with("Origin", "http://"+bound), 403},
		{"null origin", bound, with("Origin", "null"), 403},
		{"a page's request without origin", bound, with("Sec-Fetch-Site", "cross-site"), 403},
		{"rebinding without token", "evil.example", http.Header{}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, path := range []string{"/healthz", "/sessions", "/events?follow=0"} {
				req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+bound+path, nil)
				req.Host, req.Header = tt.host, tt.header
				transport := &http.Transport{DisableKeepAlives: true}
				resp, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != tt.want {
					t.Errorf("%s: %d, want %d", path, resp.StatusCode, tt.want)
				}
			}
		})
	}
}

func TestDialTCP(t *testing.T) {
	l, _ := serve(t, "127.0.0.1:0", NewHistory(0), ListenOptions{Token: token})
	dial(t, l.Address, DialOptions{Token: token})
	if _, err := Dial(t.Context(), l.Address, DialOptions{Token: "wrong"}); err == nil || !strings.Contains(err.Error(), "(401)") {
		t.Errorf("Dial with a wrong token = %v", err)
	}
	if _, err := Dial(t.Context(), socket(t), DialOptions{}); err == nil || !strings.Contains(err.Error(), "start one with mailtap proxy --control auto") {
		t.Errorf("Dial where nobody is = %v", err)
	}
}

func TestTCPNeedsTokenAndTLS(t *testing.T) {
	for _, tt := range []struct {
		address string
		o       ListenOptions
		says    string
	}{
		{"127.0.0.1:0", ListenOptions{}, "needs a token"},
		{"0.0.0.0:0", ListenOptions{Token: token}, "needs TLS"},
		{"*:0", ListenOptions{Token: token}, "needs TLS"},
		{"192.0.2.1:0", ListenOptions{Token: token}, "needs TLS"},
		{"nonsense", ListenOptions{Token: token}, "write auto, unix:PATH or HOST:PORT"},
		{"unix:", ListenOptions{}, "has no path"},
	} {
		if l, err := Listen(tt.address, tt.o); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("Listen(%q) = %v, %v, want %q", tt.address, l, err, tt.says)
		}
	}
}

// TestBeyondLoopback: TLS on the machine's own address, and none on loopback.
func TestBeyondLoopback(t *testing.T) {
	address := outside(t)
	a, err := ca.Open(filepath.Join(t.TempDir(), "ca"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return a.Leaf(hello.ServerName, nil, ca.ListenerNames("", true))
	}}
	l, _ := serve(t, "*:0", NewHistory(0), ListenOptions{Token: token, TLS: config})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	roots := x509.NewCertPool()
	roots.AddCert(a.Cert)
	dial(t, net.JoinHostPort(address, port), DialOptions{Token: token, Roots: roots})
	dial(t, "127.0.0.1:"+port, DialOptions{Token: token})
	resp, err := http.Get("http://" + net.JoinHostPort(address, port) + "/healthz")
	if err == nil {
		defer resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Error("it answers in the clear beyond loopback")
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// outside is an IPv4 address of this machine that is not on loopback.
func outside(t *testing.T) string {
	t.Helper()
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "token")
	made, err := MakeToken(file)
	if err != nil || len(made) < 20 {
		t.Fatal(made, err)
	}
	if again, err := MakeToken(file); err != nil || again != made {
		t.Errorf("the second time: %q, %v", again, err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadToken(file); err == nil || !strings.Contains(err.Error(), "others may read it") {
		t.Errorf("a token that others may read: %v", err)
	}
	short := filepath.Join(filepath.Dir(file), "short")
	if err := os.WriteFile(short, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := MakeToken(short); err == nil || !strings.Contains(err.Error(), "16 characters") {
		t.Errorf("a short token: %v", err)
	}
}
