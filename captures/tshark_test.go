package captures

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/peertest"
)

// tshark runs tshark (or another of Wireshark's tools) on a capture.
func tshark(t *testing.T, tool, path string, args ...string) string {
	t.Helper()
	program := peertest.Need(t, tool)[0]
	cmd := exec.Command(program, append([]string{"-r", path}, args...)...)
	if tool == "capinfos" {
		cmd = exec.Command(program, path)
	}
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", tool, args, err, stderr.String())
	}
	return string(out)
}

// Wireshark's dissectors find nothing wrong, see the lines that we have, and
// follow both connections of an upgraded session.
func TestTshark(t *testing.T) {
	l, six := everything("AAAAAAAAAA"), newLive("BBBBBBBBBB", event.POP3, newLineSession)
	six.open("[2001:db8::1]:40000", "198.51.100.7:995")
	six.server("+OK ready\r\n")
	six.client("QUIT\r\n")
	six.server("+OK bye\r\n")
	six.close()
	path := record(t, Options{}, l.items, six.items)

	expert := tshark(t, "tshark", path, "-q", "-z", "expert", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
	for _, group := range []string{"Errors (", "Warns ("} {
		if strings.Contains(expert, group) {
			t.Errorf("experts complain:\n%s", expert)
		}
	}
	var want []string
	for _, item := range append(l.items, six.items...) {
		if e := item.Event; e != nil && e.Kind == event.KindCommand && e.Bytes < 1000 && e.Tag == "" && e.Error == "" {
			want = append(want, e.Text)
		}
	}
	got := tshark(t, "tshark", path, "-T", "fields", "-e", "imap.request", "-e", "pop.request.command", "-Y", "imap.request || pop.request")
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("tshark does not see %q in\n%s", line, got)
		}
	}
	streams := strings.Fields(tshark(t, "tshark", path, "-T", "fields", "-e", "tcp.stream", "-Y", "tcp.len > 0"))
	seen := map[string]bool{}
	for _, s := range streams {
		seen[s] = true
	}
	if len(seen) != 3 {
		t.Errorf("tshark sees %d streams, want 3", len(seen))
	}
	follow := tshark(t, "tshark", path, "-q", "-z", "follow,tcp,ascii,1")
	if !strings.Contains(follow, "a5 LOGIN alice ******") || strings.Contains(follow, "missing") {
		t.Errorf("stream 1 is\n%.500s", follow)
	}
	comments := tshark(t, "tshark", path, "-T", "fields", "-e", "frame.comment")
	if !strings.Contains(comments, "part 2 of session AAAAAAAAAA") {
		t.Errorf("no comment on part 2:\n%s", comments)
	}
	if info := tshark(t, "capinfos", path); !strings.Contains(info, "mailtap 1.0") || !strings.Contains(info, "Raw IP") {
		t.Errorf("capinfos says\n%s", info)
	}
}

// tshark opens a capture that was cut at a block's edge, and one whose text
// was left out, without a complaint.
func TestTsharkCut(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	l := short("AAAAAAAAAA", event.POP3)
	whole := mustReadFile(t, record(t, Options{}, l.items))
	dir := t.TempDir()
	for n := len(whole); n > 0; n-- {
		if !blockEdge(t, whole, n) {
			continue
		}
		path := filepath.Join(dir, fmt.Sprint(n))
		tshark(t, "tshark", writeTemp(t, whole[:n]), "-w", path)
	}
	cut := newLive("AAAAAAAAAA", event.POP3, newLineSession)
	cut.open("127.0.0.1:40000", "127.0.0.1:995")
	cut.server("+OK\r\n")
	cut.client("RETR 1\r\n")
	cut.kept.Octets(&wire.Octets{Side: event.SideServer, Time: cut.tick(), Part: wire.PartBody, Data: []byte(strings.Repeat("body\r\n", 20000))})
	cut.kept.Octets(&wire.Octets{Side: event.SideServer, Time: cut.tick(), Data: []byte(".\r\n")})
	path := record(t, Options{Text: TextNone}, cut.items)
	expert := tshark(t, "tshark", path, "-q", "-z", "expert", "-o", "tcp.check_checksum:TRUE")
	if strings.Contains(expert, "Malformed") || strings.Contains(expert, "hecksum") {
		t.Errorf("experts complain:\n%s", expert)
	}
}
