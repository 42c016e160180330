package share

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/wire"
)

// record keeps sessions: a sink and a Source.
type record struct {
	id    string
	items []wire.Item
}

func (k *record) Octets(o *wire.Octets) {
	with := *o
	with.Data, with.Secrets = bytes.Clone(o.Data), slices.Clone(o.Secrets)
	k.items = append(k.items, wire.Item{Session: k.id, Octets: &with})
}

func (k *record) Event(e *event.Event) {
	k.items = append(k.items, wire.Item{Session: k.id, Event: e})
}

func (k *record) Walk(fn func(wire.Item) error) error {
	for _, item := range k.items {
		if err := fn(item); err != nil {
			return err
		}
	}
	return nil
}

var began = time.Date(2026, 11, 23, 16, 39, 39, 0, time.UTC)

// route are the addresses of a test's sessions.
var route = event.Route{Client: "192.168.17.23:40000", Listen: "imap://127.0.0.1:1143", Upstream: "imaps://imap.secretcorp.example:993"}

func (k *record) open(id string, proto event.Proto) wire.Session {
	k.id = id
	s := parse.New(proto, wire.Options{ID: id, Sink: k})
	r := route
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: began, Route: &r})
	s.Emit(&event.Event{Kind: event.KindUpstreamOpen, Time: began, Route: &event.Route{Server: "203.0.113.77:993"}})
	return s
}

func (k *record) tls(s wire.Session, now time.Time) {
	for _, side := range []event.Side{event.SideServer, event.SideClient} {
		s.Emit(&event.Event{Kind: event.KindTLS, Time: now, TLS: &event.TLS{Side: side, Version: "TLS 1.3", SNI: "imap.secretcorp.example",
			Peer: []event.Certificate{{Subject: "CN=imap.secretcorp.example,O=Secretcorp Ltd", Names: []string{"imap.secretcorp.example"}, Issuer: "CN=Hidden CA", Verified: true}}}})
		s.Upgraded(side, now)
	}
}

func (k *record) close(s wire.Session, now time.Time) {
	s.EOF(event.SideClient, now)
	s.EOF(event.SideServer, now)
	info := s.Info()
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, Close: &event.Close{BytesC: info.BytesC, BytesS: info.BytesS, Commands: info.Commands, By: event.SideClient}})
	s.Close()
}

// play runs one session of lines that begin with "C: " or "S: ".
func (k *record) play(id string, proto event.Proto, lines ...string) {
	s := k.open(id, proto)
	k.tls(s, began)
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
}

// corpus plays a recorded session of ../shared.
func (k *record) corpus(t *testing.T, id, dir string) {
	t.Helper()
	file := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var meta struct{ Proto string }
	if err := json.Unmarshal(file("meta.json"), &meta); err != nil {
		t.Fatal(err)
	}
	octets := map[string][]byte{"c": file("c2s.bin"), "s": file("s2c.bin")}
	s := k.open(id, event.ParseProto(meta.Proto))
	now := began
	for lines := bufio.NewScanner(bytes.NewReader(file("index.jsonl"))); lines.Scan(); {
		var l struct {
			TUS      int64 `json:"t_us"`
			Dir, Ev  string
			Off, Len int
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		now = began.Add(time.Duration(l.TUS) * time.Microsecond)
		switch l.Ev {
		case "tls-upgrade":
			k.tls(s, now)
		case "close":
			s.EOF(event.ParseSide(l.Dir), now)
		case "":
			s.Feed(event.ParseSide(l.Dir), octets[l.Dir][l.Off:l.Off+l.Len], now, nil)
		}
	}
	k.close(s, now)
}

// shared is k with stand-ins.
func (k *record) shared(t *testing.T) *record {
	t.Helper()
	out := &record{}
	err := New(k).Walk(func(item wire.Item) error {
		out.id = item.Session
		if item.Octets != nil {
			out.Octets(item.Octets)
		} else {
			out.Event(item.Event)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// shape is an event without what a stand-in may change.
func shape(e *event.Event) string {
	if e.Finding != nil {
		return fmt.Sprint("finding ", e.Finding.ID, e.Finding.Severity, e.Finding.Evidence, e.After)
	}
	known := func(name string) string {
		if !vocabulary[name[strings.LastIndexByte(name, ' ')+1:]] {
			return "?" // it may be anything
		}
		return name
	}
	return fmt.Sprint(e.Kind, e.Seq, e.Dir, e.Leg, e.Tag, known(e.Name), e.Status, e.Code, known(e.For), e.Cmd, e.Latency, e.Bytes, len(e.Text), e.State, e.Error != "", e.Odd, e.User != "", e.Mailbox != "")
}

func shapes(k *record) (all []string) {
	for _, item := range k.items {
		if item.Event != nil {
			all = append(all, shape(item.Event))
		}
	}
	return all
}

// everything is all that a result says, lower case, and its octets alone.
func everything(t *testing.T, k *record) (all, octets string) {
	var b, o strings.Builder
	for _, item := range k.items {
		if item.Event != nil {
			with := *item.Event
			if with.Close != nil { // mailtap's own words: they are made of the rest
				c := *with.Close
				c.Summary, with.Close = "", &c
			}
			if with.Finding != nil {
				continue
			}
			text, err := json.Marshal(&with)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(text)
			continue
		}
		b.Write(item.Octets.Data)
		o.Write(flags.ReplaceAllLiteral(item.Octets.Data, nil))
		for _, s := range item.Octets.Secrets {
			fmt.Fprint(&b, s)
		}
	}
	return strings.ToLower(b.String()), strings.ToLower(o.String())
}

// flags are the protocol's, \Sent as well as a mailbox of that name.
var flags = regexp.MustCompile(`\\[A-Za-z]+`)

// originals are what nobody may find again: names, addresses and texts that
// the events of a record have, whole and word by word.
func originals(k *record) map[string]bool {
	all := map[string]bool{}
	add := func(texts ...string) {
		for _, text := range texts {
			text = strings.ToLower(text)
			all[text] = true
			eachWord([]byte(text), func(word []byte) {
				if !allDigits(word) {
					all[string(word)] = true
				}
			})
		}
	}
	mailbox := func(m syntax.Mailbox) { add(m.Name, m.Wire) }
	for _, item := range k.items {
		if item.Octets != nil && item.Octets.Part == wire.PartBody {
			n := 0
			for line := range bytes.Lines(item.Octets.Data) {
				if n++; n == 1 || n > 20 || bytes.HasPrefix(line, []byte("* OK [CAPA")) {
					continue // a part of one, enough of them, or what a server said too
				}
				line = bytes.TrimSpace(line)
				if mime := bytes.HasPrefix(line, []byte("Content-")) || bytes.HasPrefix(line, []byte("MIME-")); len(line) > 12 && bytes.ContainsFunc(line, isLetter) && !mime {
					all[strings.ToLower(string(line))] = true
				}
			}
		}
		e := item.Event
		if e == nil {
			continue
		}
		add(e.User, e.Mailbox)
		switch d := e.Data.(type) {
		case *syntax.LoginArgs:
			add(d.User)
		case *syntax.ListData:
			mailbox(d.Mailbox)
		case *syntax.AppendArgs:
			mailbox(d.Mailbox)
		case *syntax.FetchData:
			if v := d.Envelope; v != nil {
				add(v.Subject, v.MessageID)
				for _, list := range [][]syntax.Address{v.From, v.Sender, v.ReplyTo, v.To, v.Cc, v.Bcc} {
					for _, a := range list {
						add(a.Name, a.Mailbox, a.Host)
					}
				}
			}
		}
	}
	for word := range all {
		if len(word) < 4 || kept[word] || vocabulary[strings.ToUpper(word)] || mimeWords[word] {
			delete(all, word)
		}
		if strings.Trim(word, "x") == "" || strings.Contains(word, "type: ") {
			delete(all, word) // as fillers are, or a piece of a field that stays
		}
	}
	return all
}

func TestCorpus(t *testing.T) {
	dirs, _ := filepath.Glob("../../../shared/corpus/*/meta.json")
	if len(dirs) == 0 {
		t.Skip("no recorded sessions in ../shared")
	}
	bad := 0
	for i, meta := range dirs {
		dir := filepath.Dir(meta)
		k := &record{}
		k.corpus(t, fmt.Sprintf("S%09d", i), dir)
		got := k.shared(t)
		a, b := shapes(k), shapes(got)
		for i := range max(len(a), len(b)) {
			if i >= len(a) || i >= len(b) || a[i] != b[i] {
				t.Errorf("%s: event %d is %q, was %q", filepath.Base(dir), i, at(b, i), at(a, i))
				bad++
				break
			}
		}
		all, octets := everything(t, got)
		words := map[string]bool{}
		eachWord([]byte(octets), func(word []byte) { words[string(word)] = true })
		for word := range originals(k) {
			single := !strings.ContainsFunc(word, func(r rune) bool { return r < 0x80 && !isWord(byte(r)) })
			if single && words[word] || !single && strings.Contains(all, word) {
				t.Errorf("%s: %q is found: %q", filepath.Base(dir), word, around(all, word))
				bad++
			}
			if coded := base64.StdEncoding.EncodeToString([]byte(word)); len(word) > 8 && strings.Contains(all, strings.ToLower(coded[:len(word)/3*4])) {
				t.Errorf("%s: the base64 of %q is found", filepath.Base(dir), word)
				bad++
			}
		}
		if bad > 25 {
			t.Fatal("and more")
		}
	}
}

// What is no line of the protocol's may be text of a message, and words that
// look like machines' names are taken for that.
func TestStrangeLines(t *testing.T) {
	k := &record{}
	k.play("AAAAAAAAAA", event.IMAP,
		`S: * OK [CAPABILITY IMAP4rev1] hermesbox Cyrus IMAP 3.6 server ready`,
		`C: a1 ID ("name" "Thunderbird" "support-url" "https://hilfe.secretcorp.example/")`, `S: a1 OK done`,
		`C: a2 LOGIN hildegard hunter2`, `S: a2 OK [CAPABILITY IMAP4rev1] in, on hermesbox`,
		`C: a3 SELECT INBOX`, `S: a3 OK [READ-WRITE] done`,
		`C: a4 FETCH 1 (BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (FROM X-Geheimfeld)])`,
		`S: * 1 FETCH (BODYSTRUCTURE (("TEXT" "PLAIN" NIL NIL NIL "BASE64" 10 1)("IMAGE" "PNG" NIL NIL NIL "BASE64" 10) "MIXED")`+"\n"+`Ueberhang einer Nachricht`+"\n* Ueberhang\n+ Ueberhang\na9 OK Ueberhang\nUeberhang",
		`S: a4 OK done`,
		`C: Ueberhang eines Entwurfs`, `S: Ueberhang BAD what`, `C: Ueberhang`,
		`C: b1 MYRIGHTS INBOX`, `S: * MYRIGHTS INBOX lrswi`, `S: * ACL INBOX hildegard lrs kollege rwi`, `S: b1 OK done`,
		`S: * BYE session on imapnode17 ended`)
	k.play("BBBBBBBBBB", event.POP3,
		`S: +OK popkiste ready <1896.697170952@popkiste>`, `C: USER hildegard`, `S: +OK`, `C: PASS hunter2`, `S: +OK`,
		`C: RETR 1`, "S: +OK\nSubject: x\n\nbegins\n.\nUeberhang einer Nachricht\nkurz\n.", `C: Ueberhang eines Entwurfs`, `C: QUIT`, `S: +OK`)
	all, _ := everything(t, k.shared(t))
	for _, word := range []string{"hermesbox", "hilfe", "geheimfeld", "ueberhang", "nachricht", "entwurf", "kollege", "imapnode17", "popkiste", "kurz", "hildegard"} {
		if strings.Contains(all, word) {
			t.Errorf("%q is found: %q", word, around(all, word))
		}
	}
	for _, word := range []string{`"base64" 10)`, `"mixed"`, "inbox lrswi", "lrs ", " rwi", "cyrus imap 3.6 server ready", "thunderbird"} {
		if !strings.Contains(all, word) {
			t.Errorf("%q is gone", word)
		}
	}
}

// What is said in every place where somebody's name can stand is replaced, and
// what diagnoses rest on stays.
func TestPlaces(t *testing.T) {
	k := &record{}
	k.play("AAAAAAAAAA", event.IMAP,
		`S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] imap.secretcorp.example Dovecot ready.`,
		`C: a1 LOGIN "hildegard@secretcorp.example" hunter2`,
		`S: a1 NO [AUTHENTICATIONFAILED] Authentication failed for hildegard from 192.168.17.23`,
		"C: a2 LOGIN {28+}\nhildegard@secretcorp.example hunter2", `S: a2 OK Logged in`,
		`C: a3 LIST "" "*"`, `S: * LIST (\HasNoChildren \Sent) "/" "Gesendete Dinge"`, `S: * LIST () "/" Vertraulich/Fusionsplan`,
		"S: * LIST () \"/\" {9}\nGeheimnis", `S: * LIST () "/" "Entw&APw-rfe"`, `S: a3 OK done`,
		`C: a4 SELECT Vertraulich/Fusionsplan`, `S: * 1 EXISTS`, `S: a4 OK [READ-WRITE] Vertraulich/Fusionsplan selected`,
		`C: a5 SEARCH FROM "widersacher" SINCE 1-Feb-2026 KEYWORD Dringlich`, `S: * SEARCH 1`, `S: a5 OK done`,
		`C: a6 FETCH 1 (ENVELOPE BODYSTRUCTURE FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])`,
		`S: * 1 FETCH (ENVELOPE ("Mon, 23 Nov 2026 09:12:44 +0100" "=?utf-8?B?Rm9yZGVydW5n?= =?utf-8?Q?M=C3=A4ngel?=" (("Widersacher" NIL "kunz" "gegner.example")) NIL NIL NIL NIL NIL NIL "<abcdef@gegner.example>")`+
			` BODYSTRUCTURE ("text" "plain" ("charset" "utf-8" "name" "kuendigung.pdf") NIL NIL "7bit" 12 1) FLAGS (\Seen Dringlich) BODY[HEADER.FIELDS (SUBJECT)] {28}`+"\nSubject: Kuendigungsfrist\n\n)",
		`S: a6 OK done`, `C: a7 LOGOUT`, `S: * BYE auf Wiedersehen, hildegard`, `S: a7 OK done`)
	k.play("BBBBBBBBBB", event.POP3,
		`S: +OK POP3 ready <1896.697170952@imap.secretcorp.example>`, `C: USER hildegard@secretcorp.example`, `S: +OK`, `C: PASS hunter2`, `S: -ERR [AUTH] hildegard@secretcorp.example is locked`)
	got := k.shared(t)
	a, b := shapes(k), shapes(got)
	for i := range max(len(a), len(b)) {
		if at(a, i) != at(b, i) {
			t.Errorf("event %d is %q, was %q", i, at(b, i), at(a, i))
		}
	}
	all, _ := everything(t, got)
	for _, word := range []string{"hildegard", "secretcorp", "hunter2", "gesendete", "dinge", "vertraulich", "fusionsplan", "geheimnis", "entw&", "rfe\"", "apw-", "widersacher", "dringlich", "kunz", "gegner",
		"forderung", "rm9yzgvydw5n", "ngel", "kuendigung", "192.168", "203.0.113", "hidden", "abcdef", "697170952"} {
		if strings.Contains(all, word) {
			t.Errorf("%q is found: %q", word, around(all, word))
		}
	}
	for _, word := range []string{"authenticationfailed", "dovecot ready", "authentication failed for", "1-feb-2026", "mon, 23 nov 2026 09:12:44", "\"text\" \"plain\" (\"charset\" \"utf-8\"", "\\sent", "is locked", "=?utf-8?b?", "&b"} {
		if !strings.Contains(all, word) {
			t.Errorf("%q is gone", word)
		}
	}
}

// One word has one stand-in, in all sessions; two words have two.
func TestStable(t *testing.T) {
	n := newNames()
	if a, b := n.nameText("Work/Acme"), n.nameText("acme/WORK"); !strings.EqualFold(a[:4], b[5:]) || !strings.EqualFold(a[5:], b[:4]) || a[4] != '/' {
		t.Errorf("%q, %q", a, b)
	}
	seen := map[string]bool{}
	for i := range 2000 {
		s := n.nameText(fmt.Sprintf("mailbox%04d", i))
		if seen[s] || len(s) != 11 {
			t.Fatalf("%q again", s)
		}
		seen[s] = true
	}
	for _, same := range []string{"INBOX", "inbox", "127.0.0.1", "localhost", "imaps://127.0.0.1:993"} {
		if got := n.url(same); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
	if got := n.nameText("alice@gmail.com"); strings.Contains(got, "alice") || !strings.HasSuffix(got, "@gmail.com") {
		t.Errorf("got %q", got)
	}
}

// Whatever comes, every octet has one in its place, and nothing fails.
func FuzzLines(f *testing.F) {
	for _, line := range []string{"a LOGIN {5}\r\nalice {3}\r\nabc\r\n", "* LIST () \"\\\\\" \"a&AOk-\"\r\n", "* OK [X \"\r\n", "+ PDE4OTYuNjk3MTcwOTUyQGhvc3Q+\r\n", "* 1 FETCH (BODY[\"\xff\"]", "=?x?q?=\xc3=?="} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range []lines{&imapLines{names: newNames(), tags: tags{}}, &imapLines{names: newNames(), tags: tags{}, client: true}, &popLines{names: newNames()}, &popLines{names: newNames(), client: true}} {
			data := []byte(text)
			rewrite(l, data)
			if len(data) != len(text) || strings.Count(string(data), "\n") != strings.Count(text, "\n") {
				t.Errorf("%q became %q", text, data)
			}
		}
		data := []byte(text)
		new(filler).fill(data, true)
		encodedWords(data, fillWord)
	})
}

// around is what stands around a word.
func around(text, word string) string {
	i := strings.Index(text, word)
	return text[max(0, i-100):min(len(text), i+100)]
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "missing"
}
