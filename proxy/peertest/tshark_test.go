package peertest_test

import (
	"slices"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestTsharkSeesTheSame has tshark's dissectors read the capture: they must see
// the commands and the completion results that the log has.
func TestTsharkSeesTheSame(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "tshark", "curl")
	for _, tt := range []struct {
		proto    string
		requests []string // tshark's fields of a command
		answers  []string // and of a response
		event    func(e peertest.Event) (request, answer string)
	}{
		{"imap", []string{"imap.request_tag", "imap.request.command"}, []string{"imap.response_tag", "imap.response.status"}, imapLine},
		{"pop3", []string{"pop.request.command"}, []string{"pop.response.indicator"}, pop3Line},
	} {
		t.Run(tt.proto, func(t *testing.T) {
			t.Parallel()
			d := peertest.StartDovecot(t, peertest.DovecotOptions{})
			p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
			for _, security := range peertest.Securities {
				curl(t, peertest.End{
					Proto: tt.proto, Security: security, Host: "localhost",
					Port: p.Port(t, peertest.Route{Proto: tt.proto, Listen: security, Upstream: security}),
					CA:   p.CA, User: d.User(t), Dir: t.TempDir(),
				})
			}
			var requests, answers []string
			for _, e := range p.Stop(t) {
				request, answer := tt.event(e)
				if request != "" {
					requests = append(requests, request)
				}
				if answer != "" {
					answers = append(answers, answer)
				}
			}
			checkSame(t, "commands", tshark(t, p.Capture, tt.requests), requests)
			checkSame(t, "responses", tshark(t, p.Capture, tt.answers), answers)
		})
	}
}

func imapLine(e peertest.Event) (request, answer string) {
	switch {
	case e.Leg == "server":
	case e.Event == "command" && e.Dir == "c":
		request = e.Tag + " " + strings.TrimPrefix(e.Name, "UID ") // tshark has a field of its own for UID
	case e.Event == "response" && e.Tag != "*":
		answer = e.Tag + " " + e.Status
	}
	return request, answer
}

func pop3Line(e peertest.Event) (request, answer string) {
	switch {
	case e.Leg == "server":
	case e.Event == "command" && e.Dir == "c":
		request = e.Name
	case e.Event == "client.data": // a SASL response, which tshark takes for a command
		request = e.Text
	case e.Event == "response" || e.Event == "greeting" || e.Event == "continuation":
		answer = e.Status
	}
	return request, answer
}

// tshark returns the fields of each packet that has all of them, one line each.
func tshark(t *testing.T, capture string, fields []string) []string {
	t.Helper()
	args := []string{"-r", capture, "-Y", strings.Join(fields, " && "), "-T", "fields", "-E", "separator=/s"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out := peertest.Run(t, t.TempDir(), "tshark", args...)
	var lines []string
	for line := range strings.Lines(out) {
		// Where a packet has several lines tshark joins their tags: the last is
		// the completion's. Continuation requests have no status of their own.
		line = strings.TrimSpace(line[strings.LastIndex(line, ",")+1:])
		if !strings.HasPrefix(line, "+ ") || strings.HasPrefix(fields[0], "pop") {
			lines = append(lines, line)
		}
	}
	return lines
}

func checkSame(t *testing.T, what string, tshark, log []string) {
	t.Helper()
	if len(log) == 0 {
		t.Fatalf("the log has no %s", what)
	}
	if !slices.Equal(tshark, log) {
		t.Errorf("tshark sees other %s than the log has\ntshark: %q\nlog:    %q", what, tshark, log)
	}
}
