package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// kept is a record of sessions: a sink and a Source.
type kept struct {
	id    string
	items []wire.Item
}

func (k *kept) Octets(o *wire.Octets) {
	k.items = append(k.items, owned(wire.Item{Session: k.id, Octets: o}))
}

func (k *kept) Event(e *event.Event) {
	k.items = append(k.items, wire.Item{Session: k.id, Event: e})
}

func (k *kept) Walk(fn func(wire.Item) error) error {
	for _, item := range k.items {
		if err := fn(item); err != nil {
			return err
		}
	}
	return nil
}

var began = time.Date(2026, 11, 23, 16, 39, 39, 123456789, time.UTC)

// open begins a session as the proxy does.
func (k *kept) open(id string, proto event.Proto) wire.Session {
	k.id = id
	s := parse.New(proto, wire.Options{ID: id, Sink: k})
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: began, Route: &event.Route{Client: "192.0.2.1:40000",
		Listen: proto.String() + "://127.0.0.1:1143", Upstream: proto.String() + "s://mail.example.org:993"}})
	s.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: began, Route: &event.Route{Server: "198.51.100.7:993"}})
	return s
}

func (k *kept) close(s wire.Session, now time.Time) {
	s.EOF(event.SideClient, now)
	s.EOF(event.SideServer, now)
	info := s.Info()
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, Close: &event.Close{BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, By: event.SideClient}})
	s.Close()
}

// play runs one session: each line begins with "C: " or "S: ", and what
// stands in it as "\n" goes over the wire as CRLF.
func (k *kept) play(id string, proto event.Proto, lines ...string) *kept {
	s := k.open(id, proto)
	now := began
	for _, line := range lines {
		now = now.Add(time.Millisecond)
		side := event.SideClient
		if strings.HasPrefix(line, "S: ") {
			side = event.SideServer
		}
		s.Feed(side, []byte(strings.ReplaceAll(line[3:], "\n", "\r\n")+"\r\n"), now, nil)
	}
	k.close(s, now)
	return k
}

// login are the lines of a session up to a selected mailbox.
func login(more ...string) []string {
	return append([]string{"S: * OK [CAPABILITY IMAP4rev1] ready", "C: a1 LOGIN alice secret", "S: a1 OK in", "C: a2 SELECT INBOX",
		"S: * 3 EXISTS", "S: * OK [UIDVALIDITY 77] fine", "S: a2 OK [READ-WRITE] done"}, more...)
}

// literal is text as a literal.
func literal(text string) string {
	return fmt.Sprintf("{%d}\n%s", len(strings.ReplaceAll(text, "\n", "\r\n")), text)
}

const (
	header = "From: Bob <bob@example.org>\nSubject: Hello\nDate: Mon, 23 Nov 2026 09:12:44 +0100\nMessage-ID: <1@example.org>\n\n"
	body   = "one\n.two\n"
)

// eml exports, and gives the files' texts and the index.
func eml(t *testing.T, k *kept) (files map[string]string, index []Message, result MailResult) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mail")
	result, err := EML(k, dir, MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, _ := e.Info()
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() == IndexName {
			for line := range bytes.Lines(text) {
				var m Message
				if err := json.Unmarshal(line, &m); err != nil {
					t.Fatal(err)
				}
				index = append(index, m)
			}
			continue
		}
		files[e.Name()] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	return files, index, result
}

const (
	whole = "2026-11-23T081244Z Hello.eml"
	part  = "2026-11-23T081244Z Hello (incomplete).eml"
)

// However a message comes, it is put together as far as it was seen.
func TestEML(t *testing.T) {
	size := len(strings.ReplaceAll(header+body, "\n", "\r\n"))
	first := strings.ReplaceAll(header+body, "\n", "\r\n")[:100]
	rest := strings.ReplaceAll(header+body, "\n", "\r\n")[100:]
	chunk := func(off int, text string) string {
		return fmt.Sprintf("S: * 1 FETCH (UID 5 BODY[]<%d> {%d}\n%s)", off, len(text), strings.ReplaceAll(text, "\r\n", "\n"))
	}
	structure := `S: * 1 FETCH (UID 5 BODYSTRUCTURE (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1)("text" "html" NIL NIL NIL "7bit" 9 1) "alternative" ("boundary" "xx")))`
	for _, c := range []struct {
		name  string
		proto event.Proto
		lines []string
		file  string
		text  string
		seen  string
	}{
		{"whole", event.IMAP, login("C: a3 UID FETCH 5 BODY[]", "S: * 1 FETCH (UID 5 BODY[] "+literal(header+body)+")", "S: a3 OK done"), whole, header + body, ""},
		{"header and text", event.IMAP, login("C: a3 UID FETCH 5 (BODY[HEADER] BODY[TEXT])", "S: * 1 FETCH (UID 5 BODY[HEADER] "+literal(header)+" BODY[TEXT] "+literal(body)+")", "S: a3 OK done"), whole, header + body, ""},
		{"header, later text", event.IMAP, login("C: a3 UID FETCH 5 RFC822.HEADER", "S: * 1 FETCH (UID 5 RFC822.HEADER "+literal(header)+")", "S: a3 OK done",
			"C: a4 UID FETCH 5 RFC822.TEXT", "S: * 1 FETCH (RFC822.TEXT "+literal(body)+" UID 5)", "S: a4 OK done"), whole, header + body, ""},
		{"chunks", event.IMAP, login("C: a3 UID FETCH 5 (RFC822.SIZE BODY[]<0.100>)", fmt.Sprintf("S: * 1 FETCH (UID 5 RFC822.SIZE %d)", size), chunk(0, first), "S: a3 OK done",
			"C: a4 UID FETCH 5 BODY[]<100.100>", chunk(100, rest), "S: a4 OK done"), whole, header + body, ""},
		{"first chunk", event.IMAP, login("C: a3 UID FETCH 5 (RFC822.SIZE BODY[]<0.100>)", fmt.Sprintf("S: * 1 FETCH (UID 5 RFC822.SIZE %d)", size), chunk(0, first), "S: a3 OK done"),
			part, strings.ReplaceAll(first, "\r\n", "\n"), fmt.Sprintf("octets 0 to 99 of %d", size)},
		{"parts", event.IMAP, login("C: a3 UID FETCH 5 BODYSTRUCTURE", structure, "S: a3 OK done", "C: a4 UID FETCH 5 (BODY[HEADER] BODY[2] BODY[2.MIME] BODY[1])",
			"S: * 1 FETCH (UID 5 BODY[HEADER] "+literal(header)+" BODY[2] "+literal("<p>two\n")+" BODY[2.MIME] "+literal("Content-Type: text/html\n\n")+" BODY[1] "+literal("one\n")+")", "S: a4 OK done"),
			part, header + "--xx\nContent-Type: text/plain;\n charset=\"us-ascii\"\nContent-Transfer-Encoding: 7bit\n\none\n--xx\nContent-Type: text/html\n\n<p>two\n--xx--\n",
			"its header; parts 1, 2, put together again"},
		{"the only part", event.IMAP, login("C: a3 UID FETCH 5 (BODYSTRUCTURE BODY[HEADER] BODY[1])",
			`S: * 1 FETCH (UID 5 BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 9 1) BODY[HEADER] `+literal(header)+" BODY[1] "+literal(body)+")", "S: a3 OK done"), whole, header + body, ""},
		{"append", event.IMAP, login("C: a3 APPEND Sent (\\Seen) "+literal(header+body), "S: + go on", "S: a3 OK done"), whole, header + body, ""},
		{"cut off", event.IMAP, login("C: a3 UID FETCH 5 BODY[]", "S: * 1 FETCH (UID 5 BODY[] {5000}\n"+header+body), part, header + body + "\n",
			fmt.Sprintf("%d of 5000 octets", size+2)},
		{"RETR", event.POP3, []string{"S: +OK", "C: USER alice", "S: +OK", "C: PASS x", "S: +OK", "C: RETR 1", "S: +OK\n" + header + "one\n..two\n."}, whole, header + body, ""},
		{"TOP", event.POP3, []string{"S: +OK", "C: USER alice", "S: +OK", "C: PASS x", "S: +OK", "C: TOP 1 1", "S: +OK\n" + header + "one\n."}, part, header + "one\n", "its header and the first lines"},
		{"TOP, then RETR", event.POP3, []string{"S: +OK", "C: USER alice", "S: +OK", "C: PASS x", "S: +OK", "C: TOP 1 1", "S: +OK\n" + header + "one\n.",
			"C: RETR 1", "S: +OK\n" + header + "one\n..two\n."}, whole, header + body, ""},
		{"twice", event.IMAP, login("C: a3 UID FETCH 5 BODY[]", "S: * 1 FETCH (UID 5 BODY[] "+literal(header+body)+")", "S: a3 OK done",
			"C: a4 UID FETCH 5 BODY[]", "S: * 1 FETCH (UID 5 BODY[] "+literal(header+body)+")", "S: a4 OK done"), whole, header + body, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := new(kept).play("AAAAAAAAAA", c.proto, c.lines...)
			files, index, _ := eml(t, k)
			if len(files) != 1 || files[c.file] != c.text {
				t.Fatalf("files %q, want %q with %q", files, c.file, c.text)
			}
			if len(index) != 1 || index[0].File != c.file || index[0].Seen != c.seen || index[0].Complete != (c.seen == "") {
				t.Errorf("index %+v, want %q", index, c.seen)
			}
		})
	}
}

// Headers alone are no messages, and are counted.
func TestHeadersAlone(t *testing.T) {
	k := new(kept).play("AAAAAAAAAA", event.IMAP, login("C: a3 FETCH 1:2 BODY.PEEK[HEADER.FIELDS (SUBJECT)]",
		"S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] "+literal("Subject: x\n\n")+")", "S: * 2 FETCH (BODY[HEADER.FIELDS (SUBJECT)] "+literal("Subject: y\n\n")+")", "S: a3 OK done")...)
	files, _, result := eml(t, k)
	if len(files) != 0 || result.Headers != 2 || result.Messages != 0 {
		t.Errorf("%q, %+v", files, result)
	}
}

// No subject leaves the folder, hides a file, or takes another's place.
func TestHostileSubjects(t *testing.T) {
	k := &kept{}
	lines := login("C: a3 FETCH 1:* BODY[]")
	subjects := []string{"../../../etc/passwd", "..", ".bashrc", "CON", "a/b\\c:d", "-rf", "", "x\x00y\x1b[31m", "$(rm -rf ~)`id`", strings.Repeat("Ж", 500), "=?utf-8?q?=2E=2E=2F=00x?=", "same", "same", "\u202etxt.exe", "trailing. . "}
	for i, s := range subjects {
		lines = append(lines, fmt.Sprintf("S: * %d FETCH (BODY[] %s)", i+1, literal(fmt.Sprintf("Subject: %s\nX: %d\n\n", s, i))))
	}
	k.play("AAAAAAAAAA", event.IMAP, append(lines, "S: a3 OK done")...)
	dir := filepath.Join(t.TempDir(), "in", "mail")
	if _, err := EML(k, dir, MailOptions{}); err != nil {
		t.Fatal(err)
	}
	n := 0
	filepath.WalkDir(filepath.Dir(filepath.Dir(dir)), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Error(err)
		}
		if d.IsDir() || d.Name() == IndexName {
			return nil
		}
		n++
		name := d.Name()
		if filepath.Dir(path) != dir || !strings.HasPrefix(name, "20") || !strings.HasSuffix(name, ".eml") || len(name) > 200 || strings.ContainsAny(name, "\\:*?\"<>|`$\x00\x1b") || strings.ContainsRune(name, 0x202e) {
			t.Errorf("a message is called %q", path)
		}
		return nil
	})
	if n != len(subjects) {
		t.Errorf("%d files for %d messages", n, len(subjects))
	}
}

func TestMbox(t *testing.T) {
	text := header + "From me to you\n>From quoted\nFromage\n" + strings.Repeat("x", 200000) + "\nno end"
	k := new(kept).play("AAAAAAAAAA", event.IMAP, login("C: a3 FETCH 1 BODY[]", "S: * 1 FETCH (BODY[] "+literal(text)+")", "S: a3 OK done")...)
	k.play("BBBBBBBBBB", event.POP3, "S: +OK", "C: USER alice", "S: +OK", "C: PASS x", "S: +OK", "C: TOP 1 0", "S: +OK\nSubject: top\n\n.")
	var out bytes.Buffer
	result, err := Mbox(k, &out, t.TempDir(), MailOptions{})
	if err != nil || result.Messages != 2 || result.Incomplete != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	want := "From bob@example.org Mon Nov 23 08:12:44 2026\n" + header + ">From me to you\n>>From quoted\nFromage\n" + strings.Repeat("x", 200000) +
		"\nno end\n\nFrom MAILER-DAEMON Mon Nov 23 16:39:39 2026\nX-Mailtap-Seen: its header and the first lines\nSubject: top\n\n\n"
	if out.String() != want {
		t.Errorf("got %.3000q", out.String())
	}
}

// Nothing is left in the folder but what was asked for, even after a failure.
func TestSpoolIsRemoved(t *testing.T) {
	dir := t.TempDir()
	k := new(kept).play("AAAAAAAAAA", event.IMAP, login("C: a3 FETCH 1 BODY[]", "S: * 1 FETCH (BODY[] "+literal(header)+")")...)
	failing := bufio.NewWriterSize(failing{}, 1)
	if _, err := Mbox(k, failing, dir, MailOptions{}); err == nil {
		t.Error("no error")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }

// A session that is written as a capture again is the same session, and a
// filter chooses sessions.
func TestPcapng(t *testing.T) {
	k := new(kept).play("AAAAAAAAAA", event.IMAP, login("C: a3 FETCH 1 BODY[]", "S: * 1 FETCH (BODY[] "+literal(header+body)+")", "S: a3 OK done")...)
	k.play("BBBBBBBBBB", event.POP3, "S: +OK", "C: USER bob", "S: +OK", "C: PASS x", "S: -ERR no")
	path := filepath.Join(t.TempDir(), "again.pcapng")
	n, err := Pcapng(k, path, PcapngOptions{Version: "1.0", Accept: func(e *event.Event) bool { return e.Name == "PASS" }})
	if err != nil || n != 1 {
		t.Fatalf("%d sessions, %v", n, err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got, want []string
	if err := r.Walk(func(item wire.Item) error { got = append(got, line(t, item)...); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, item := range k.items {
		if item.Session == "BBBBBBBBBB" {
			want = append(want, line(t, item)...)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func line(t *testing.T, item wire.Item) []string {
	if item.Event == nil {
		return nil
	}
	text, err := json.Marshal(item.Event)
	if err != nil {
		t.Fatal(err)
	}
	return []string{string(text)}
}

// Lines have the time at which they began, whatever pieces they came in.
func TestRawlog(t *testing.T) {
	k := &kept{}
	s := k.open("AAAAAAAAAA", event.POP3)
	s.Feed(event.SideServer, []byte("+OK re"), began, nil)
	s.Feed(event.SideServer, []byte("ady\r\n"), began.Add(time.Second), nil)
	s.Feed(event.SideClient, []byte("CAPA\r\nQUIT\r\n"), began.Add(2*time.Second), nil)
	k.close(s, began.Add(3*time.Second))
	path := filepath.Join(t.TempDir(), "log")
	if _, err := Rawlog(k, path); err != nil {
		t.Fatal(err)
	}
	for end, want := range map[string]string{".in": "1795451981.123456 CAPA\r\n1795451981.123456 QUIT\r\n", ".out": "1795451979.123456 +OK ready\r\n"} {
		got, err := os.ReadFile(path + end)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", end, got, err, want)
		}
	}
}

// Where a recording lacks octets of a message it is not all there; what is
// missing elsewhere makes no message incomplete.
func TestGapInMessage(t *testing.T) {
	for _, c := range []struct {
		name  string
		proto event.Proto
		lines []string        // "gap": 100 octets of the server are missing
		want  map[string]bool // complete, by subject
	}{
		{"POP3", event.POP3, []string{"S:+OK hi\r\n", "C:RETR 1\r\n", "S:+OK\r\nSubject: a\r\n\r\nbegin", "gap", "S:end\r\n.\r\n", "C:RETR 2\r\n", "S:+OK\r\nSubject: b\r\n\r\nwhole\r\n.\r\n"}, map[string]bool{"a": false, "b": true}},
		{"POP3, its beginning", event.POP3, []string{"S:+OK hi\r\n", "C:RETR 1\r\n", "S:+OK\r\n", "gap", "S:end\r\n.\r\n"}, map[string]bool{"": false}},
		{"POP3, its end", event.POP3, []string{"S:+OK hi\r\n", "C:RETR 1\r\n", "S:+OK\r\nSubject: a\r\n\r\nbegin", "gap", "C:RETR 2\r\n", "S:+OK\r\nSubject: b\r\n\r\nwhole\r\n.\r\n"}, map[string]bool{"a": false, "b": true}},
		{"POP3, all of one", event.POP3, []string{"S:+OK hi\r\n", "C:RETR 1\r\n", "gap", "C:RETR 2\r\n", "S:+OK\r\nSubject: b\r\n\r\nwhole\r\n.\r\n"}, map[string]bool{"b": true}},
		{"IMAP", event.IMAP, []string{"S:* PREAUTH hi\r\n", "C:a FETCH 1:2 BODY[]\r\n", "S:* 1 FETCH (BODY[] {120}\r\nSubject: a\r\n\r\n", "gap", "S:end...)\r\n* 2 FETCH (BODY[] {14}\r\nSubject: b\r\n\r\n)\r\na OK done\r\n"}, map[string]bool{"a": false, "b": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := new(kept)
			s, now := k.open("AAAAAAAAAA", c.proto), began
			for _, line := range c.lines {
				now = now.Add(time.Millisecond)
				side, data, _ := strings.Cut(line, ":")
				if line == "gap" {
					s.Gap(event.SideServer, 100, now)
				} else {
					s.Feed(event.ParseSide(strings.ToLower(side)), []byte(data), now, nil)
				}
			}
			k.close(s, now)
			_, index, _ := eml(t, k)
			got := map[string]bool{}
			for _, m := range index {
				got[m.Subject] = m.Complete
				if !m.Complete && m.Seen == "" {
					t.Errorf("%q is incomplete, and nothing says why", m.Subject)
				}
			}
			if len(index) != len(got) || !maps.Equal(got, c.want) {
				t.Errorf("complete: %v, want %v", got, c.want)
			}
		})
	}
}
