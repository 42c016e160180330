package pop3

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// curlServer are the oddities of curl's test server, by their errors: it
// answers LIST with an argument by a block (RFC 1939 §5 has one line), writes
// empty lines between capabilities, "+" without SP (RFC 5034 §4), and one
// message with bare LF. Test 982 is a server that says more than it was asked.
var curlServer = regexp.MustCompile(`expected a status indicator, got "("|\.| )|got an empty line|expected SP at offset 1 behind|6 LF without CR`)

// TestCurlDialogues plays the sessions of curl's own tests.
func TestCurlDialogues(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/suites/curl/dialogue.jsonl")
	if err != nil {
		t.Skipf("no suites: %v", err)
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	sessions := map[string][]chunk{}
	for row := range bytes.Lines(raw) {
		var r struct {
			Proto, Dir, Dialogue string
			Bytes                string `json:"bytes_b64"`
		}
		if err := json.Unmarshal(row, &r); err != nil {
			t.Fatal(err)
		}
		data, err := base64.StdEncoding.DecodeString(r.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if r.Proto == "pop3" {
			at = at.Add(time.Millisecond)
			sessions[r.Dialogue] = append(sessions[r.Dialogue], chunk{side: event.ParseSide(r.Dir), data: data, at: at})
		}
	}
	if len(sessions) < 30 {
		t.Errorf("%d sessions", len(sessions))
	}
	for name, chunks := range sessions {
		t.Run(name, func(t *testing.T) {
			r := checkAll(t, chunks, rand.New(rand.NewPCG(7, 8)))
			noPasswords(t, chunks, r)
			for _, e := range r.events {
				if e.Kind == event.KindResponse && e.For == "" && name != "test982#0" {
					t.Errorf("unplaced: %s", golden(e))
				}
				if e.Error != "" && !curlServer.MatchString(e.Error) {
					t.Errorf("error: %s", golden(e))
				}
			}
		})
	}
}

// secretLine finds the credentials of a client's octets.
var secretLine = regexp.MustCompile(`(?im)^(?:pass (.+?)|apop \S+ (\S+?)|auth \S+ (\S{8,}?))\r?$`)

// noPasswords looks for the session's credentials in all that it said.
func noPasswords(t *testing.T, chunks []chunk, r *record) {
	t.Helper()
	var sent []byte
	for _, c := range chunks {
		if c.side == event.SideClient {
			sent = append(sent, c.data...)
		}
	}
	var said strings.Builder
	for _, line := range asJSON(t, r) {
		said.WriteString(line + "\n")
	}
	for _, it := range r.items {
		if it.Octets != nil && it.Octets.Side == event.SideClient {
			said.Write(it.Octets.Data)
		}
	}
	for _, m := range secretLine.FindAllSubmatch(sent, -1) {
		for _, secret := range m[1:] {
			if len(secret) < 5 || showsNames(m[0]) {
				continue
			}
			if strings.Contains(said.String(), string(secret)) {
				t.Errorf("%q is told", secret)
			}
		}
	}
}

// showsNames: the first messages of these have no secret.
func showsNames(line []byte) bool {
	upper := strings.ToUpper(string(line))
	return strings.Contains(upper, "AUTH LOGIN") || strings.Contains(upper, "AUTH EXTERNAL") || strings.Contains(upper, "AUTH SCRAM")
}

// TestNoPasswords looks for the credentials of every recorded session in its
// events and octets, however it is cut.
func TestNoPasswords(t *testing.T) {
	dirs, _ := filepath.Glob(corpusDir + "/*pop*")
	if len(dirs) == 0 {
		t.Skip("no recorded sessions at " + corpusDir)
	}
	for _, dir := range dirs {
		chunks := corpus(t, dir)
		noPasswords(t, chunks, play(chunks, wire.Options{}))
		noPasswords(t, chunks, play(recut(chunks, func() int { return 3 }), wire.Options{}))
	}
}

// TestShowSecrets keeps everything as it came, and reads it back masked.
func TestShowSecrets(t *testing.T) {
	chunks := wireOf(t, "S: +OK\nC: USER a\nS: +OK\nC: PASS secret\nS: -ERR\nC: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: +OK\n")
	shown := play(chunks, wire.Options{ShowSecrets: true})
	if e := shown.events[3]; e.Text != "PASS secret" || e.Data == nil {
		t.Errorf("%+v", e)
	}
	for _, it := range shown.items {
		if it.Octets != nil && len(it.Octets.Secrets) > 0 {
			t.Errorf("a secret in what is shown: %+v", it.Octets)
		}
	}
	same(t, "read back", asJSON(t, replay(shown, chunks)), asJSON(t, play(chunks, wire.Options{})))
}
