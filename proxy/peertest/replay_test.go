package peertest_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestShowSaysWhatTheLogSaid holds `mailtap show` on the capture of real
// sessions against the log that was written live: the same events, field by field.
func TestShowSaysWhatTheLogSaid(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "python3")
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			p := peertest.StartProxy(t, s, peertest.ProxyOptions{Routes: peertest.Pairs()})
			for _, r := range peertest.Pairs() {
				python(t, peertest.End{
					Proto: r.Proto, Security: clientSecurities(r)[0], Host: "localhost", Port: p.Port(t, r),
					CA: p.CA, User: s.User(t), Dir: t.TempDir(),
				})
			}
			peertest.CheckSessions(t, p.Stop(t))
			shown := peertest.Run(t, p.Dir, peertest.Mailtap(t), "show", "--format", "json", p.Capture)
			compareSessions(t, linesBySession(t, p.LogText()), linesBySession(t, shown))
		})
	}
}

// linesBySession parses JSON lines into the events of each session.
func linesBySession(t *testing.T, text string) map[string][]map[string]any {
	t.Helper()
	sessions := map[string][]map[string]any{}
	for line := range strings.Lines(text) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if id, ok := e["session"].(string); ok {
			sessions[id] = append(sessions[id], e)
		}
	}
	return sessions
}

func compareSessions(t *testing.T, live, shown map[string][]map[string]any) {
	t.Helper()
	if len(live) == 0 || len(live) != len(shown) {
		t.Errorf("the log has %d sessions, and the capture %d", len(live), len(shown))
	}
	for id, events := range live {
		if len(events) != len(shown[id]) {
			t.Errorf("session %s: the log has %d events, and the capture %d", id, len(events), len(shown[id]))
		}
		for i := range min(len(events), len(shown[id])) {
			delete(shown[id][i], "recorded") // how a finding is known, not what it says
			if !reflect.DeepEqual(events[i], shown[id][i]) {
				a, _ := json.Marshal(events[i])
				b, _ := json.Marshal(shown[id][i])
				t.Errorf("session %s, event %d:\nlive:  %s\nshown: %s", id, i+1, peertest.Cut(string(a), 3000), peertest.Cut(string(b), 3000))
				break
			}
		}
	}
}
