package imap

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// passwords are those of the accounts in the recorded sessions, and what their
// base64 looks like, behind whatever stands before them.
var passwords = []string{"bobpw2", "alicepw1", "quinnpw5", "c@rol", "wrong-password",
	"AGJvYgBib2JwdzI", "Ym9iAGJvYgBib2JwdzI", "Ym9icHcy", "AGJvYgBub3Bl", "AGJvYgB3cm9uZy1wYXNzd29yZA", "AGNhcm9s"}

// TestCorpusHidesPasswords looks for the passwords in everything that a session says.
func TestCorpusHidesPasswords(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(shared, "corpus", "*", "meta.json"))
	if len(dirs) == 0 {
		t.Skip("no recorded sessions in ../shared")
	}
	found := 0
	for _, meta := range dirs {
		chunks := corpus(t, filepath.Dir(meta))
		for _, c := range chunks {
			if find(c.data, passwords) != "" {
				found++
			}
		}
		leaks(t, filepath.Base(filepath.Dir(meta)), record(chunks), passwords)
	}
	if found == 0 {
		t.Fatal("the recorded sessions have none of the passwords: nothing was looked for")
	}
}

// find is the first of secrets that data has in it, or "".
func find(data []byte, secrets []string) string {
	for _, secret := range secrets {
		if bytes.Contains(data, []byte(secret)) {
			return secret
		}
	}
	return ""
}

// leaks reports what a tape has of secrets.
func leaks(t *testing.T, name string, p *tape, secrets []string) {
	t.Helper()
	for _, side := range []event.Side{event.SideClient, event.SideServer} {
		if x := find(p.leg[side].Bytes(), secrets); x != "" {
			t.Errorf("%s: octets of the %v have %q", name, side, x)
		}
	}
	for _, line := range p.lines(t) {
		if x := find([]byte(line), secrets); x != "" {
			t.Errorf("%s: %q in %s", name, x, line)
		}
	}
	for _, item := range p.items {
		if item.Octets == nil {
			continue
		}
		said, _ := json.Marshal(item.Octets.Secrets)
		if x := find(said, secrets); x != "" {
			t.Errorf("%s: %q in %s", name, x, said)
		}
	}
}

// TestTranscriptsHidePasswords: "sesame" is the password in all of them.
func TestTranscriptsHidePasswords(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	secrets := []string{"sesame", "pass word", "AGFsaWNlAHNlc2FtZQ", `alice hunter`, `alice "hunter`, "hunter22 is wrong", "91354a47"}
	for _, file := range files {
		chunks := wireChunks(t, part(archiveOf(t, file), "wire"))
		leaks(t, file, record(chunks), secrets)
		// Cut short anywhere, it shows no more.
		for i, c := range chunks {
			if c.side == event.SideClient {
				for n := 1; n < len(c.data); n++ {
					short := append(append([]chunk(nil), chunks[:i]...), chunk{side: c.side, data: c.data[:n], at: c.at})
					leaks(t, file, record(short), secrets)
				}
			}
		}
	}
}

// TestShowSecrets: with them kept, the record has them and so has what is read
// from it; a reader that does not show them masks them itself.
func TestShowSecrets(t *testing.T) {
	for _, file := range []string{"login_forms", "login_malformed", "auth_plain", "auth_scram", "urlauth", "unknown_before_login"} {
		chunks := wireChunks(t, part(archiveOf(t, "testdata/"+file+".txtar"), "wire"))
		p := &tape{}
		play(New(wire.Options{ID: "AAAAAAAAAA", Sink: p, ShowSecrets: true}), p, chunks)
		var sent bytes.Buffer
		for _, c := range chunks {
			if c.side == event.SideClient {
				sent.Write(c.data)
			}
		}
		if got := p.leg[event.SideClient].String(); got != sent.String() {
			t.Errorf("%s: recorded %q, want %q", file, got, sent.String())
		}
		diffLines(t, file+", shown again", replay(p.items, wire.Options{ID: "AAAAAAAAAA", ShowSecrets: true}).lines(t), p.lines(t))
		diffLines(t, file+", masked later", replay(p.items, wire.Options{ID: "AAAAAAAAAA"}).lines(t), record(chunks).lines(t))
	}
}

// TestLongLogin: a line too long to be held is masked in all its pieces.
func TestLongLogin(t *testing.T) {
	for _, line := range []string{
		"a1 LOGIN alice \"" + strings.Repeat("sesame", 30000) + "\"\r\n",
		"a1 LOGIN " + strings.Repeat("a", 70000) + " sesame\r\n",
		"a1 AUTHENTICATE PLAIN " + strings.Repeat("sesame", 30000) + "\r\n",
		"a1 FROB " + strings.Repeat("sesame", 30000) + " {6+}\r\nsecret sesame\r\n",
		"a1 AUTHENTICATE PLAIN\r\n" + strings.Repeat("sesame", 30000) + "\r\n",
		"a1 LOGIN alice {180000+}\r\n" + strings.Repeat("sesame", 30000) + "\r\n",
	} {
		chunks := []chunk{{side: event.SideServer, data: []byte("* OK ready\r\n")}, {side: event.SideClient, data: []byte(line)}}
		p := record(chunks)
		leaks(t, line[:20], p, []string{"sesame"})
		checkSums(t, chunks, p)
		diffLines(t, line[:20], replay(p.items, wire.Options{ID: "AAAAAAAAAA"}).lines(t), p.lines(t))
		for _, e := range p.events {
			if len(e.Text) > 2*maxText {
				t.Errorf("%s: %d octets of text", line[:20], len(e.Text))
			}
		}
	}
}

// TestRecordRegrouped: a capture joins plain octets of one side and time, and
// splits long ones; that changes nothing.
func TestRecordRegrouped(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		live := record(wireChunks(t, part(archiveOf(t, file), "wire")))
		var joined, split []wire.Item
		for _, item := range live.items {
			o := item.Octets
			if n := len(joined); o != nil && n > 0 && joined[n-1].Octets != nil && plain(o) && plain(joined[n-1].Octets) &&
				joined[n-1].Octets.Side == o.Side && joined[n-1].Octets.Time.Equal(o.Time) {
				c := *joined[n-1].Octets
				c.Data = append(bytes.Clone(c.Data), o.Data...)
				joined[n-1].Octets = &c
			} else {
				joined = append(joined, item)
			}
			split = append(split, splitItem(item, 5)...)
		}
		diffLines(t, file+", joined", replay(joined, wire.Options{ID: "AAAAAAAAAA"}).lines(t), live.lines(t))
		diffLines(t, file+", split", replay(split, wire.Options{ID: "AAAAAAAAAA"}).lines(t), live.lines(t))
	}
}

func plain(o *wire.Octets) bool {
	return len(o.Data) > 0 && len(o.Secrets) == 0 && o.Altered == nil && !o.Proxy && !o.Dropped && !o.Raw && !o.End
}

// splitItem splits octets as a capture does: a secret's later parts say no more
// than that they are one.
func splitItem(item wire.Item, size int) []wire.Item {
	o := item.Octets
	if o == nil || len(o.Data) <= size {
		return []wire.Item{item}
	}
	var out []wire.Item
	for off := 0; off < len(o.Data); off += size {
		c := *o
		c.Data = o.Data[off:min(off+size, len(o.Data))]
		c.Secrets = nil
		if off > 0 {
			c.Altered = nil
		}
		for _, x := range o.Secrets {
			from, to := max(x.Off, off), min(x.Off+x.Len, off+len(c.Data))
			if from >= to {
				continue
			}
			if from > x.Off {
				x = wire.Secret{Form: x.Form, Mech: x.Mech}
			}
			x.Off, x.Len = from-off, to-from
			c.Secrets = append(c.Secrets, x)
		}
		out = append(out, wire.Item{Octets: &c})
	}
	return out
}
