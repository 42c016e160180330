package filter

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"mailtap/parse/event"
)

var session = &event.Context{Session: "abcdefk7qa", Proto: event.IMAP, User: "alice", Mailbox: "INBOX"}

var (
	command  = &event.Event{Kind: event.KindCommand, Context: session, Seq: 4, Dir: event.SideClient, Name: "UID FETCH", Text: "a1 UID FETCH 1 FLAGS", Bytes: 22}
	response = &event.Event{Kind: event.KindResponse, Context: session, Seq: 5, Dir: event.SideServer, Status: "OK", For: "UID FETCH", Cmd: 4,
		Completes: true, Latency: 150 * time.Millisecond, First: 0, Bytes: 30, Data: map[string]any{"uids": []int{1, 2}, "n": 7}}
	opened  = &event.Event{Kind: event.KindSessionOpen, Context: session, Seq: 1, Route: &event.Route{Client: "127.0.0.1:5"}}
	finding = &event.Event{Kind: event.KindFinding, Context: session, Finding: &event.Finding{ID: "net.timeout", Severity: event.SeverityError, Also: []string{"net.refused"}}}
)

func TestMatch(t *testing.T) {
	tests := []struct {
		expression string
		e          *event.Event
		want       bool
	}{
		{"", command, true},
		{" ", command, true},
		{`proto == "imap" && user == "alice" && latency_us > 100000`, response, true},
		{`proto == "imap" && user == "alice" && latency_us > 100000`, command, false},
		{`proto == "pop3"`, command, false},
		{`name contains "FETCH" or for contains "FETCH"`, response, true},
		{`name matches "^UID "`, command, true},
		{`user startsWith "al"`, command, true},

		{`code == ""`, command, true}, // absent text is empty
		{`client == ""`, command, true},
		{`client startsWith "127."`, opened, true},

		{`latency_us < 100`, command, false}, // absent numbers: no comparison is true
		{`latency_us >= 0`, command, false},
		{`latency_us == 0`, command, false},
		{`latency_us != 0`, command, false},
		{`0 != latency_us`, command, false},
		{`latency_us != 0`, response, true},
		{`latency_us != 150000`, response, false},
		{`first_us == 0`, response, true}, // measured, and 0
		{`latency_us / 1000 > 149`, response, true},
		{`bytes in 20..40`, command, true},
		{`bytes in 20..40`, opened, false},
		{`seq == 4`, command, true},
		{`seq >= 0`, finding, false},

		{`data.n == 7`, response, true},
		{`1 in data.uids`, response, true},
		{`data.n == 7`, command, false}, // no such part
		{`data.n > 3`, command, false},
		{`len(data.uids) > 1`, opened, false},
		{`data == nil`, command, true},

		{`severity == "error" and "net.refused" in also`, finding, true},
		{`"net.refused" in also`, command, false},
		{`level == "error"`, finding, true},
		{`altered`, command, false},
		{`not altered`, command, true},
		{`$env["name"] == "UID FETCH"`, command, true},
	}
	for _, tt := range tests {
		f, err := Compile(tt.expression)
		if err != nil {
			t.Errorf("Compile(%q): %v", tt.expression, err)
			continue
		}
		if got := f.Match(tt.e); got != tt.want {
			t.Errorf("%s on %s = %v, want %v", tt.expression, tt.e.Kind, got, tt.want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct{ expression, want string }{
		{`latency > 5`, `column 1: no event has a field "latency"`},
		{`proto == "imap" && latenzy_us > 5`, `column 20: no event has a field "latenzy_us"`},
		{`proto == `, `column 9: unexpected end`},
		{`user == 5`, `column 6: invalid operation: == (mismatched types string and int)`},
		{`bytes + 1`, `column 1: an expression that is true or false is wanted, this gives float64`},
		{"true and\n bytes === 5", `line 2, column 10: unexpected "="; what is compared stands on both sides of ==`},
		{`status = "NO"`, `column 8: unexpected "="; what is compared stands on both sides of ==`},
		{`user == "alice" )`, `column 17: unexpected ")"`},
		{`true false`, `column 6: unexpected "false"`},
	}
	for _, tt := range tests {
		_, err := Compile(tt.expression)
		if err == nil || err.Error() != tt.want {
			t.Errorf("Compile(%q) = %v, want %s", tt.expression, err, tt.want)
		}
	}
}

// Every field of the JSON form can be named, and has the value that it has there.
func TestFieldsAreThoseOfJSON(t *testing.T) {
	form := reflect.TypeFor[event.JSON]()
	if len(fields) != form.NumField() {
		t.Errorf("%d fields, event.JSON has %d", len(fields), form.NumField())
	}
	full := *response
	full.Tag, full.Code, full.State, full.Error, full.Note, full.RFC = "a1", "ALERT", event.StateSelected, "e", "n", "RFC 9051 §1"
	full.Altered, full.Dropped, full.Other, full.OtherBytes, full.To, full.Leg = true, true, "o", 2, event.SideClient, event.LegServer
	full.Level, full.Message = event.SeverityWarning, "m"
	for _, e := range []*event.Event{&full, command, opened, finding,
		{Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideClient, Version: "1", Cipher: "2", SNI: "3", ALPN: "4", Hello: "6", Resumed: true, Advice: "5", Peer: []event.Certificate{{Subject: "CN=x"}}}},
		{Kind: event.KindTLS, TLS: &event.TLS{Side: event.SideServer, Failure: "f"}},
		{Kind: event.KindUpstreamOpen, Route: &event.Route{Listen: "a", Upstream: "b", Server: "c", Settings: "s", Failure: "f", Dial: event.Duration{D: time.Second, Known: true}}},
		{Kind: event.KindSessionClose, Close: &event.Close{BytesC: 1, BytesS: 2, WireC: 3, WireS: 4, Commands: 5, Duration: time.Second, By: event.SideProxy, Reason: "r", Summary: "s"}},
		{Kind: event.KindMark, After: 3},
	} {
		want := tree2(t, e)
		for i := range fields {
			name := fields[i].Name
			if tag, _, _ := strings.Cut(form.Field(i).Tag.Get("json"), ","); tag != name {
				t.Fatalf("field %d is %q, event.JSON has %q", i, name, tag)
			}
			if worded := map[string]bool{"level": true, "message": true, "note": true, "rfc": true}; worded[name] && want[name] == nil {
				continue
			}
			if got := plain(fields[i].get(e)); !reflect.DeepEqual(got, want[name]) {
				t.Errorf("%s of %s = %#v, JSON has %#v", name, e.Kind, got, want[name])
			}
		}
	}
}

func tree2(t *testing.T, e *event.Event) map[string]any {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// plain is a field's value as JSON has it: nil where absent.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if math.IsNaN(v) {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case []string:
		return asTree(v)
	}
	return v
}

func TestMatchFromSeveralGoroutines(t *testing.T) {
	f, err := Compile(`name == "UID FETCH"`)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if !f.Match(command) || f.Match(response) {
					t.Error("one event was taken for another")
					return
				}
			}
		})
	}
	wg.Wait()
}

// The words of a note are made only where the expression names it.
func TestNeedsOnlyWhatIsNamed(t *testing.T) {
	f, err := Compile(`proto == "imap" && bytes > 5`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range f.needs {
		got = append(got, n.Name)
	}
	if want := []string{"proto", "bytes"}; !reflect.DeepEqual(got, want) {
		t.Errorf("needs %v, want %v", got, want)
	}
}

func BenchmarkMatch(b *testing.B) {
	f, err := Compile(`proto == "imap" && user == "alice" && latency_us > 100000`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.Match(response)
	}
}
