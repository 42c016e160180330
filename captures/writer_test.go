package captures

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// short is a small whole session.
func short(id string, proto event.Proto) *live {
	l := newLive(id, proto, newLineSession)
	l.open("127.0.0.1:40000", "127.0.0.1:995")
	l.server("+OK ready\r\n")
	l.client("QUIT\r\n")
	l.server("+OK bye\r\n")
	l.close()
	return l
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new") + "/"
	l := short("AAAAAAAAAA", event.POP3)
	if !PerSession(dir) {
		t.Fatalf("%s does not ask for a directory", dir)
	}
	recordTo(t, dir, Options{PerSession: true}, l.items)
	path := filepath.Join(dir, "2026-11-23T163939Z-pop3-AAAAAAAAAA.pcapng")
	if got := mode(t, dir); got != 0o700 {
		t.Errorf("the directory's mode is %v", got)
	}
	if got := mode(t, path); got != 0o600 {
		t.Errorf("the file's mode is %v", got)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	recordTo(t, path, Options{}, short("BBBBBBBBBB", event.POP3).items)
	if got := mode(t, path); got != 0o600 {
		t.Errorf("the continued file's mode is %v", got)
	}
}

// A file that exists is continued, never overwritten; what was cut off its end
// is said.
func TestContinued(t *testing.T) {
	one, two := short("AAAAAAAAAA", event.POP3), short("BBBBBBBBBB", event.IMAP)
	for _, tt := range []struct {
		name string
		tail string
		cut  int64
	}{
		{"whole", "", 0},
		{"half a block", "\x06\x00\x00\x00\x40\x00\x00\x00abc", 11},
		{"an octet", "\x06", 1},
		{"zeros", strings.Repeat("\x00", 5000), 5000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := record(t, Options{}, one.items)
			before := mustReadFile(t, path)
			if err := os.WriteFile(path, append(before, tt.tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := Create(path, Options{Version: "1.0"})
			if err != nil {
				t.Fatal(err)
			}
			if w.CutBack() != tt.cut {
				t.Errorf("%d octets were cut off, want %d", w.CutBack(), tt.cut)
			}
			if err := errors.Join(w.Write(two.items), w.Close()); err != nil {
				t.Fatal(err)
			}
			if after := mustReadFile(t, path); !bytes.HasPrefix(after, before) {
				t.Error("what was there was changed")
			}
			compareItems(t, mustRead(t, path, newLineSession), append(one.items[:len(one.items):len(one.items)], two.items...))
		})
	}
}

func TestRefused(t *testing.T) {
	whole := mustReadFile(t, record(t, Options{}, short("AAAAAAAAAA", event.POP3).items))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(whole)
	z.Close()
	damaged := append(bytes.Clone(whole), "this is no block at all, and no zeros"...)
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"text", []byte("Dear diary,\n"), ErrNotPcapng},
		{"short text", []byte("D"), ErrNotPcapng},
		{"pcap", []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00"), ErrNotPcapng},
		{"gzip", packed.Bytes(), ErrCompressed},
		{"zstd", []byte("\x28\xb5\x2f\xfd\x00\x00\x00\x00"), ErrCompressed},
		{"damaged", damaged, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.pcapng")
			if err := os.WriteFile(path, tt.data, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Create(path, Options{})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("error is %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) {
				t.Errorf("%q is not one line that names the file", err)
			}
			if !bytes.Equal(mustReadFile(t, path), tt.data) || mode(t, path) != 0o644 {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("directory", func(t *testing.T) {
		if _, err := Create(t.TempDir(), Options{}); err == nil {
			t.Fatal("a directory was taken for a file")
		}
	})
}

func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.pcapng")
	w, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, Options{}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second writer: %v, want ErrBusy", err)
	}
	if err := AppendMark(path, "1.0", Mark{At: "A:1", Text: "x", Time: start}); !errors.Is(err, ErrBusy) {
		t.Errorf("a mark: %v, want ErrBusy", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err = Create(path, Options{}); err != nil {
		t.Fatalf("behind the close: %v", err)
	}
	w.Close()
}

// What was recorded is in the file within a second, without a Close: a copy
// of the file at that moment has it.
func TestFlushedInTime(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path, copied := filepath.Join(dir, "c.pcapng"), filepath.Join(dir, "copy.pcapng")
		w, err := Create(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		for n := range l.items {
			if err := w.Write(l.items[n : n+1]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if err := os.WriteFile(copied, mustReadFile(t, path), 0o600); err != nil {
				t.Fatal(err)
			}
			got := eventLines(t, mustRead(t, copied, newLineSession))
			if want := eventLines(t, l.items[:n+1]); len(got) < len(want) {
				t.Fatalf("a second after item %d the file has %d events, want %d", n, len(got), len(want))
			}
		}
	})
	compareItems(t, mustRead(t, filepath.Join(dir, "c.pcapng"), newLineSession), l.items)
}

// Space is preallocated without changing the size, and given back.
func TestPreallocated(t *testing.T) {
	l := newLive("AAAAAAAAAA", event.POP3, newLineSession)
	l.open("127.0.0.1:40000", "127.0.0.1:995")
	for range 40 {
		l.server(strings.Repeat("x", 100000) + "\r\n")
	}
	path := filepath.Join(t.TempDir(), "c.pcapng")
	w, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(l.items), w.Flush()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != w.single.size || info.Size() < 4e6 || info.Size() > 5e6 {
		t.Errorf("the file has %d octets, of which %d were written", info.Size(), w.single.size)
	}
	if w.single.reserve <= w.single.size {
		t.Error("nothing was preallocated")
	}
	if _, err := read(t, path, newLineSession); err != nil {
		t.Errorf("while it is written: %v", err)
	}
	l.close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if used, ok := blocksOf(path); ok && used > info.Size()+1<<20 {
		t.Errorf("behind the close %d octets are in use for %d", used, info.Size())
	}
}

// A single file ends when it is full, once, and stays whole.
func TestFullFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.pcapng")
	w, err := Create(path, Options{Max: 300 << 10})
	if err != nil {
		t.Fatal(err)
	}
	full := 0
	for i := range 100 {
		l := newLive(fmt.Sprintf("S%09d", i), event.POP3, newLineSession)
		l.open("127.0.0.1:40000", "127.0.0.1:995")
		l.server(strings.Repeat("x", 20000) + "\r\n")
		l.close()
		switch err := w.Write(l.items); {
		case errors.Is(err, ErrFull):
			full++
		case err != nil:
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if full != 1 {
		t.Errorf("ErrFull came %d times", full)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > 300<<10 || info.Size() < 260<<10 {
		t.Errorf("the file has %d octets (%v)", info.Size(), err)
	}
	items := mustRead(t, path, newLineSession)
	last := items[len(items)-1].Event
	if last == nil || last.Context != nil || last.Finding == nil || last.Finding.ID != "mailtap.recording" ||
		!strings.Contains(last.Finding.Title, "307200 octets") || last.Time.Before(start) {
		t.Errorf("the last thing in the file is %+v", last)
	}
	if _, err := Create(path, Options{Max: 300 << 10}); !errors.Is(err, ErrFull) {
		t.Errorf("continuing it: %v, want ErrFull", err)
	}
}

// A directory loses its oldest whole files, and nothing else that lies there.
func TestFullDirectory(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "2020-01-01-mine.pcapng")
	if err := os.WriteFile(other, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	const limit = 200 << 10
	w, err := Create(dir, Options{PerSession: true, Max: limit})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		l := newLive(fmt.Sprintf("S%09d", i), event.POP3, newLineSession)
		l.now = start.Add(time.Duration(i) * time.Minute)
		l.open("127.0.0.1:40000", "127.0.0.1:995")
		l.server(strings.Repeat("x", 20000) + "\r\n")
		l.close()
		if err := w.Write(l.items); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*Z-pop3-*.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 || len(files) > 10 {
		t.Fatalf("%d files are left", len(files))
	}
	for i, f := range files {
		if want := fmt.Sprintf("S%09d", 40-len(files)+i); !strings.Contains(f, want) {
			t.Errorf("file %d is %s, want that of %s", i, f, want)
		}
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a file that is no session's: %v", err)
	}
}

// What is found out after a session's close is appended to its file.
func TestLateFinding(t *testing.T) {
	dir := t.TempDir()
	l := short("AAAAAAAAAA", event.POP3)
	l.Emit(&event.Event{Kind: event.KindFinding, Time: l.tick(), Finding: &event.Finding{ID: "mailtap.late", Severity: event.SeverityInfo}})
	recordTo(t, dir, Options{PerSession: true}, l.items)
	compareItems(t, mustRead(t, filepath.Join(dir, "2026-11-23T163939Z-pop3-AAAAAAAAAA.pcapng"), newLineSession), l.items)
}

// A session whose beginning is missing is not recorded by half.
func TestNoHalfSession(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	path := record(t, Options{}, l.items[1:])
	if items := mustRead(t, path, newLineSession); len(items) > 0 {
		t.Errorf("%d items of half a session are on record", len(items))
	}
}

// Marks that a user adds later move no number, and say what they are about.
func TestMarks(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	path := record(t, Options{}, l.items)
	if err := AppendMark(path, "1.0", Mark{At: l.id + ":4", Text: "look \x1b[2J here", Time: l.tick()}); err != nil {
		t.Fatal(err)
	}
	items := mustRead(t, path, newLineSession)
	last := items[len(items)-1]
	if e := last.Event; e == nil || e.Kind != event.KindMark || e.After != 4 || e.Seq != 0 || e.Text != `look \x1b[2J here` || e.Session != l.id {
		t.Fatalf("the mark is %+v", last.Event)
	}
	compareItems(t, items[:len(items)-1], l.items)
	if err := AppendMark(filepath.Join(t.TempDir(), "none"), "1.0", Mark{At: "A:1"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a mark on no file: %v", err)
	}
}

// A mark reaches the file of a session however long ago that closed.
func TestMarkOfALongClosedSession(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	items := append([]wire.Item{}, l.items...)
	for n := range maxClosed + 1 {
		items = append(items, short(fmt.Sprintf("B%09d", n), event.POP3).items...)
	}
	mark := &event.Event{Kind: event.KindMark, Time: l.tick(), Context: &event.Context{Session: l.id, Proto: event.POP3}, After: 4, Text: "look here"}
	items = append(items, wire.Item{Session: l.id, Event: mark})
	read := mustRead(t, record(t, Options{}, items), newLineSession)
	last := read[len(read)-1]
	if e := last.Event; e == nil || e.Kind != event.KindMark || e.After != 4 || e.Text != "look here" || last.Session != l.id {
		t.Errorf("the last item is of %s: %+v", last.Session, last.Event)
	}
}

// What is left out of the text still has its length.
func TestRecordText(t *testing.T) {
	l := newLive("AAAAAAAAAA", event.POP3, newLineSession)
	l.open("127.0.0.1:40000", "127.0.0.1:995")
	l.server("+OK\r\n")
	for _, o := range []wire.Octets{
		{Data: []byte("Subject: hello\r\n"), Part: wire.PartHeader},
		{Data: []byte("the secret body\r\n"), Part: wire.PartBody},
		{Data: []byte(".\r\n")},
	} {
		o.Side, o.Time = event.SideServer, l.tick()
		l.kept.Octets(&o)
	}
	for _, tt := range []struct {
		text Text
		want string
	}{
		{TextAll, "+OK\r\nSubject: hello\r\nthe secret body\r\n.\r\n"},
		{TextHeaders, "+OK\r\nSubject: hello\r\nxxxxxxxxxxxxxxx\r\n.\r\n"},
		{TextNone, "+OK\r\nxxxxxxxxxxxxxx\r\nxxxxxxxxxxxxxxx\r\n.\r\n"},
	} {
		path := record(t, Options{Text: tt.text}, l.items)
		got := ""
		for _, item := range mustRead(t, path, newLineSession) {
			if o := item.Octets; o != nil {
				got += string(o.Data)
				if strings.HasPrefix(string(o.Data), "xx") != o.Cut {
					t.Errorf("%v: cut is %t of %q", tt.text, o.Cut, o.Data)
				}
			}
		}
		if got != tt.want {
			t.Errorf("%v: %q, want %q", tt.text, got, tt.want)
		}
		if tt.text != TextAll && bytes.Contains(mustReadFile(t, path), []byte("secret")) {
			t.Errorf("%v: the text is in the file", tt.text)
		}
	}
}

// A capture that was made with --show-secrets shows them only with it.
func TestShowSecrets(t *testing.T) {
	l := newLive("AAAAAAAAAA", event.IMAP, newLineSession)
	l.open("127.0.0.1:40000", "127.0.0.1:143")
	l.Recorded(&wire.Octets{Side: event.SideClient, Data: []byte("a LOGIN u geheim\r\n"), Time: l.tick(),
		Secrets: []wire.Secret{{Off: 10, Len: 6, Form: "atom"}}})
	path := record(t, Options{ShowSecrets: true}, l.items)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.newParse = newLineSession
	for _, show := range []bool{false, true} {
		r.ShowSecrets = show
		items, err := walkItems(r)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(runs(items), eventLines(t, items))
		if strings.Contains(text, "geheim") != show {
			t.Errorf("with ShowSecrets %t: %s", show, text)
		}
	}
}
