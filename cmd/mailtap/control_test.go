package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/control"
)

// startAttachable runs mailtap proxy, with an endpoint, until the test ends, and gives the address
// that its first listener has.
func startAttachable(t *testing.T, o proxyOptions) (listen string) {
	t.Helper()
	read, written := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- runProxy(ctx, o, streams{in: strings.NewReader(""), out: io.Discard, err: written})
		written.Close()
	}()
	lines := bufio.NewScanner(read)
	for listen == "" && lines.Scan() {
		var e event.Event
		if err := e.UnmarshalJSON(lines.Bytes()); err != nil {
			t.Fatalf("the log says %q: %v", lines.Text(), err)
		}
		if e.Kind == event.KindListening {
			_, listen, _ = strings.Cut(e.Route.Listen, "://")
		}
	}
	go io.Copy(io.Discard, read)
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the proxy ended with %v", err)
		}
	})
	if listen == "" {
		t.Fatal("the proxy does not listen")
	}
	return listen
}

// TestAttachSeesAndSavesSessions runs a proxy whose server refuses, attaches
// as the viewer does, and saves what it saw.
func TestAttachSeesAndSavesSessions(t *testing.T) {
	dir := t.TempDir()
	address := "unix:" + filepath.Join(dir, "run", "s.sock")
	listen := startAttachable(t, proxyOptions{
		routes: []string{":0=imap://127.0.0.1:1"}, log: logOptions{format: "json"}, record: recordOptions{text: "all"},
		tls: tlsOptions{caDir: filepath.Join(dir, "ca")}, control: controlOptions{address: address, history: "1M"},
	})
	conn, err := net.Dial("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil { // BYE, and the end
		t.Fatal(err)
	}
	conn.Close()

	client, err := (&attachOptions{address: address}).dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	id := sessionThatClosed(t, client)
	path := filepath.Join(dir, "saved.pcapng")
	if err := saveAttached(t.Context(), client, id, path); err != nil {
		t.Fatal(err)
	}
	if err := saveAttached(t.Context(), client, id, path); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("saving over a file: %v", err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	found := ""
	if err := r.Walk(func(item wire.Item) error {
		if item.Event != nil && item.Event.Kind == event.KindFinding {
			found = item.Event.Finding.ID
		}
		return nil
	}); err != nil || found != "net.refused" {
		t.Errorf("the saved capture has the finding %q, %v", found, err)
	}
}

// sessionThatClosed reads the stream up to a session's end.
func sessionThatClosed(t *testing.T, client *control.Client) string {
	t.Helper()
	stream, err := client.Items(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	source, octets := attachedSource{stream}, 0
	for {
		b, err := source.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range b.Items {
			if item.Octets != nil {
				octets += len(item.Octets.Data)
			}
			if item.Event != nil && item.Event.Kind == event.KindSessionClose {
				if int64(octets) != item.Event.Close.BytesS {
					t.Errorf("%d octets came, the session had %d", octets, item.Event.Close.BytesS)
				}
				return item.Session
			}
		}
	}
}

func TestAttachTakesAnAddress(t *testing.T) {
	tests := []struct {
		args []string
		want string // the address, or what the error says
	}{
		{[]string{"--attach"}, "auto"},
		{[]string{"--attach", "unix:/run/x.sock"}, "unix:/run/x.sock"},
		{[]string{"--attach=127.0.0.1:7000"}, "127.0.0.1:7000"},
		{[]string{"--attach=auto", "x.pcapng", "y.pcapng"}, "takes no captures"},
		{nil, "needs a CAPTURE, or --attach"},
	}
	for _, tt := range tests {
		cmd := newView(streams{})
		err := cmd.ParseFlags(tt.args)
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		got := cmd.Flags().Lookup("attach").Value.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("view %q: %q, want %q", tt.args, got, tt.want)
		}
	}
}
