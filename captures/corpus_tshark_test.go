package captures_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/proxy/peertest"
)

// dissected is the fields in which tshark says what it takes for commands and
// responses.
var dissected = []string{"imap.request_tag", "imap.request.command", "imap.response_tag", "imap.response.status", "pop.request.command", "pop.response.indicator"}

// TestCorpusTshark has tshark dissect recorded sessions: each command and each
// response that it sees is an event of ours.
func TestCorpusTshark(t *testing.T) {
	program := peertest.Need(t, "tshark")[0]
	dirs, _ := filepath.Glob(filepath.Join(corpus, "*", "meta.json"))
	if len(dirs) == 0 {
		t.Skip("no recorded sessions in ../shared")
	}
	path := filepath.Join(t.TempDir(), "all.pcapng")
	w, err := captures.Create(path, captures.Options{Version: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]int{}
	random := rand.New(uncut{})
	for i := 0; i < len(dirs); i += 3 {
		q := run(t, fmt.Sprintf("S%09d", i), loadCorpus(t, filepath.Dir(dirs[i])), random)
		if err := w.Write(q.items); err != nil {
			t.Fatal(err)
		}
		for _, item := range q.items {
			if item.Event != nil {
				ours[asDissected(item.Event)]++
			}
		}
		for _, key := range literals(streams(q.items)[0]) {
			ours[key]++
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	args := []string{"-r", path, "-Y", "imap || pop", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"}
	for _, f := range dissected {
		args = append(args, "-e", f)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	seen := 0
	missing := map[string]int{}
	for line := range strings.Lines(string(out)) {
		for _, key := range dissectedKeys(strings.TrimSuffix(line, "\n")) {
			key = strings.TrimSpace(key)
			seen++
			if ours[key]--; ours[key] < 0 {
				missing[key]++
			}
		}
	}
	t.Logf("tshark sees %d commands and responses", seen)
	for key, n := range missing {
		t.Errorf("tshark sees %q %d times more often than we", key, n)
	}
}

// asDissected is an event as tshark's fields have it, as far as they have it.
func asDissected(e *event.Event) string {
	words := strings.Fields(e.Text)
	switch {
	case !e.Kind.Protocol() || len(words) == 0:
	case e.Kind == event.KindCommand && e.Proto == event.IMAP:
		return "C: " + strings.ToUpper(strings.TrimSpace(e.Tag+" "+strings.TrimPrefix(e.Name+" ", "UID "))) // tshark has a field of its own for UID
	case e.Dir == event.SideClient && e.Proto == event.IMAP:
		return "C: " + strings.ToUpper(strings.Join(words[:min(2, len(words))], " "))
	case e.Dir == event.SideClient:
		return "C: " + strings.ToUpper(words[0])
	case e.Proto == event.IMAP && e.Tag != "*" && e.Kind == event.KindResponse:
		return "S: " + strings.ToUpper(e.Tag) + " " + e.Status
	case e.Proto == event.POP3 && e.Kind != event.KindContinuation:
		return "S: " + e.Status
	}
	return ""
}

// literals is what a client sends behind the announcement of a literal: tshark
// takes it for a command.
func literals(client []byte) (keys []string) {
	parts := strings.Split(string(client), "}\r\n")
	for _, p := range parts[1:] {
		line, _, whole := strings.Cut(p, "\r\n")
		if !whole {
			line += "}"
		}
		words := strings.Split(ascii(line), " ")
		keys = append(keys, "C: "+strings.ToUpper(strings.Join(words[:min(2, len(words))], " ")))
	}
	return keys
}

// ascii has "?" for each octet that is not ASCII, which tshark shows as U+FFFD.
func ascii(text string) string {
	octets := []byte(text)
	for i, o := range octets {
		if o >= 0x80 {
			octets[i] = '?'
		}
	}
	return string(octets)
}

// dissectedKeys is a packet's fields as keys. Of several lines in a packet
// tshark joins the tags, those of a message's text too: the last is the
// completion's. A packet that begins in the middle of one is none of ours.
func dissectedKeys(line string) (keys []string) {
	f := strings.Split(strings.ReplaceAll(line, "\uFFFD", "?"), "\t")
	for i := range f {
		f[i] = strings.ToUpper(f[i])
	}
	tags, commands := strings.Split(f[0], "|"), strings.Split(f[1], "|")
	if len(tags) == len(commands) && f[0] != "" {
		for i := range tags {
			keys = append(keys, "C: "+tags[i]+" "+commands[i])
		}
	}
	if tag, status := last(f[2]), last(f[3]); status == "OK" || status == "NO" || status == "BAD" {
		if tag != "+" && tag != "*" && tag != ")" {
			keys = append(keys, "S: "+tag+" "+status)
		}
	}
	if f[4] != "" {
		keys = append(keys, "C: "+f[4])
	}
	if f[5] != "" {
		keys = append(keys, "S: "+f[5])
	}
	return keys
}

func last(list string) string { return list[strings.LastIndexByte(list, '|')+1:] }

// uncut is a source of randomness that cuts no chunk.
type uncut struct{}

func (uncut) Uint64() uint64 { return 1<<64 - 1 }
