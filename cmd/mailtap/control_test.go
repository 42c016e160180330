package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sort"
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

// Marks that are set while attached reach the proxy's capture, or where it has
// none what is saved of the session; exports and comparing work from there too.
func TestAttachedActions(t *testing.T) {
	for _, name := range []string{"recorded to a file", "recorded to a file a session", "not recorded"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			record := map[string]string{"recorded to a file": filepath.Join(dir, "all.pcapng"), "recorded to a file a session": filepath.Join(dir, "each") + "/"}[name]
			address := "unix:" + filepath.Join(dir, "run", "s.sock")
			listen := startAttachable(t, proxyOptions{
				routes: []string{":0=pop3://127.0.0.1:1"}, log: logOptions{format: "json"}, record: recordOptions{path: record, text: "all"},
				tls: tlsOptions{caDir: filepath.Join(dir, "ca")}, control: controlOptions{address: address, history: "1M"},
			})
			for range 2 {
				conn, err := net.Dial("tcp", listen)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, conn)
				conn.Close()
			}
			client, err := (&attachOptions{address: address}).dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			id, other := twoThatClosed(t, client)
			actions := attachedActions(t.Context(), client)
			on := func(seq int64) *event.Event { return &event.Event{Context: &event.Context{Session: id}, Seq: seq} }
			for seq, text := range map[int64]string{1: "look here", 2: event.MarkAlone, 3: ""} {
				told, err := actions.Mark(on(seq), text)
				if err != nil || (told == "") != (record != "") {
					t.Errorf("Mark = %q, %v", told, err)
				}
			}
			const marks = "1 look here|2 marked|3 "
			for n, got := 0, ""; got != marks; n++ { // until they have come through the proxy
				saved := filepath.Join(dir, fmt.Sprintf("saved%d.pcapng", n))
				if err := actions.Save(id, saved); err != nil {
					t.Fatal(err)
				}
				got = marksIn(t, saved)
			}
			if text, err := actions.Compare(id, other); err != nil || !strings.Contains(text, id) {
				t.Errorf("Compare = %q, %v", text, err)
			}
			for _, e := range actions.Exports {
				if err := e.Do([]string{id}, filepath.Join(dir, "export-"+string(e.Key))); err != nil {
					t.Errorf("export to %s: %v", e.Title, err)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "mailtap-*", id+".pcapng")); len(left) > 0 {
				t.Errorf("%v were left behind", left)
			}
			if record == "" {
				return
			}
			files := []string{record}
			if strings.HasSuffix(record, "/") {
				files, _ = filepath.Glob(record + "*" + id + ".pcapng")
			}
			for len(files) != 1 || marksIn(t, files[0]) != marks { // until it is flushed
				runtime.Gosched()
			}
		})
	}
}

// twoThatClosed waits for the end of two sessions.
func twoThatClosed(t *testing.T, client *control.Client) (a, b string) {
	t.Helper()
	for {
		all, err := client.Sessions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 2 && !all[0].Open && !all[1].Open {
			return all[0].Session, all[1].Session
		}
		runtime.Gosched()
	}
}

// marksIn are the marks in a capture: event and text.
func marksIn(t *testing.T, path string) string {
	t.Helper()
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var marks []string
	err = r.Walk(func(item wire.Item) error {
		if e := item.Event; e != nil && e.Kind == event.KindMark {
			marks = append(marks, fmt.Sprint(e.After, " ", e.Text))
		}
		return nil
	})
	if err != nil && !errors.Is(err, captures.ErrTruncated) {
		t.Fatal(err)
	}
	sort.Strings(marks)
	return strings.Join(marks, "|")
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
