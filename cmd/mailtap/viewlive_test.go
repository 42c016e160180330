package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy"
	"mailtap/proxy/ca"
	"mailtap/proxy/control"
	"mailtap/proxy/route"
	"mailtap/view"
)

// A viewer that stands still holds no session up. When it goes on it says how
// much it left out, has what came since, and knows which sessions have ended.
func TestViewerFallsBehind(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	live := newLiveSource()
	routes, err := route.ParseAll([]string{"pop3://127.0.0.1:0=pop3://" + server.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := ca.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := proxy.New(proxy.Config{Routes: routes, Leaves: authority, Outputs: []proxy.Output{{Sink: live, Octets: true, Drop: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx) }()
	_, address, _ := strings.Cut(p.Listening()[0].Route.Listen, "://")

	body := strings.Repeat(strings.Repeat("x", 998)+"\r\n", 4<<10)
	full := 0 // how many came while the viewer took nothing more: far more than the queue before it has room for
	relayed(t, server, address, func() string {
		if len(live.batches) == cap(live.batches) {
			full++
		}
		if full > 8 {
			return ""
		}
		return body
	})
	next := make(chan view.Batch, 1<<10) // from here on it looks again
	go func() {
		for {
			b, err := live.Next(ctx)
			if err != nil {
				close(next)
				return
			}
			next <- b
		}
	}()
	relayed(t, server, address, func() string { return "" })
	s := tcell.NewSimulationScreen("UTF-8")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	defer s.Fini()
	s.SetSize(120, 24)
	a := view.New(s, view.Options{Source: live, Live: true})
	for !strings.Contains(contents(a, s), "octets left out") || strings.Count(contents(a, s), "closed pop3") != 2 {
		b, ok := <-next
		if !ok {
			t.Fatalf("the source ended:\n%s", contents(a, s))
		}
		a.Add(b)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	close(live.gone)
}

// An attached viewer that falls behind the history is told how much it missed,
// shows where, and catches up.
func TestAttachedViewerFallsBehind(t *testing.T) {
	h := control.NewHistory(200 << 10)
	l, err := control.Listen("unix:"+filepath.Join(t.TempDir(), "run", "s.sock"), control.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server := control.NewServer(l, control.Config{History: h})
	server.Start()
	defer server.Close(time.Minute)
	client, err := control.Dial(t.Context(), l.Address, control.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	stream, err := client.Items(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	const events = 50_000 // more than the stream, the socket and the history hold together
	c := &event.Context{Session: "AAAAAAAAAA", Proto: event.POP3}
	for seq := int64(1); seq <= events; seq++ {
		e := &event.Event{Context: c, Seq: seq, Time: time.Now(), Kind: event.KindCommand, Dir: event.SideClient, Name: "NOOP", Text: "NOOP", Bytes: 6}
		switch seq {
		case 1:
			e = &event.Event{Context: c, Seq: seq, Time: e.Time, Kind: event.KindSessionOpen, Route: &event.Route{Client: "127.0.0.1:1", Upstream: "pop3://127.0.0.1:2"}}
		case events:
			e = &event.Event{Context: c, Seq: seq, Time: e.Time, Kind: event.KindSessionClose, Close: &event.Close{By: event.SideClient}}
		}
		h.Write([]wire.Item{{Session: c.Session, Event: e}})
	}
	h.Close()
	s := tcell.NewSimulationScreen("UTF-8")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	defer s.Fini()
	s.SetSize(120, 24)
	a := view.New(s, view.Options{Live: true})
	for source := (attachedSource{stream}); err == nil; {
		var b view.Batch
		b, err = source.Next(t.Context())
		a.Add(b)
	}
	if got := contents(a, s); err != io.EOF || !strings.Contains(got, "events left out") || !strings.Contains(got, "closed pop3") {
		t.Errorf("after %v:\n%s", err, got)
	}
	a.Handle(tcell.NewEventKey(tcell.KeyEnter, 0, 0))
	a.Handle(tcell.NewEventKey(tcell.KeyRune, '!', 0))
	if got := contents(a, s); !strings.Contains(got, "events are missing here") {
		t.Errorf("the transcript:\n%s", got)
	}
}

// relayed is a session that gets messages through the proxy for as long as
// body gives them.
func relayed(t *testing.T, server net.Listener, proxy string, body func() string) {
	t.Helper()
	client, err := net.Dial("tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, client)
		got <- err
	}()
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { // a close with octets unread would reset the connection
		io.Copy(io.Discard, conn)
		conn.Close()
	}()
	fmt.Fprintf(conn, "+OK ready\r\n")
	for text := body(); text != ""; text = body() {
		fmt.Fprintf(client, "RETR 1\r\n")
		fmt.Fprintf(conn, "+OK\r\n%s.\r\n", text)
	}
	fmt.Fprintf(client, "QUIT\r\n")
	fmt.Fprintf(conn, "+OK bye\r\n")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// contents is what stands on the screen.
func contents(a *view.App, s tcell.SimulationScreen) string {
	a.Draw()
	cells, w, _ := s.GetContents()
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(string(c.Runes))
		if i%w == w-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
