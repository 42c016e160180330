package captures_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/peertest"
)

// tapped notes what is written to a connection.
type tapped struct {
	net.Conn
	note func(data []byte)
}

func (c tapped) Write(data []byte) (int, error) {
	c.note(data)
	return c.Conn.Write(data)
}

// insideTLS is an IMAP session inside TLS as another tool records it, and its
// key log. Octets in the clear may come before.
func insideTLS(t *testing.T, clear ...wire.Octets) (capture, keyLog string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	who := &event.Context{Session: "AAAAAAAAAA", Proto: event.IMAP}
	items := []wire.Item{
		{Event: &event.Event{Context: who, Kind: event.KindSessionOpen, Time: began, Route: &event.Route{Client: "192.0.2.1:40000"}}},
		{Event: &event.Event{Context: who, Kind: event.KindUpstreamOpen, Time: began, Route: &event.Route{Server: "198.51.100.7:993"}}},
	}
	for i := range clear {
		clear[i].Time = began.Add(time.Duration(len(items)) * time.Millisecond)
		items = append(items, wire.Item{Octets: &clear[i]})
	}
	var mu sync.Mutex
	noting := func(side event.Side) func([]byte) {
		return func(data []byte) {
			mu.Lock()
			defer mu.Unlock()
			at := began.Add(time.Duration(len(items)) * time.Millisecond)
			items = append(items, wire.Item{Octets: &wire.Octets{Side: side, Data: bytes.Clone(data), Time: at}})
		}
	}
	var secrets bytes.Buffer
	a, b := net.Pipe()
	server := tls.Server(tapped{a, noting(event.SideServer)}, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"imap"}})
	client := tls.Client(tapped{b, noting(event.SideClient)}, &tls.Config{InsecureSkipVerify: true, ServerName: "imap.example.org", NextProtos: []string{"imap"}, KeyLogWriter: &secrets})
	lines := [][2]string{{"", "* OK ready\r\n"}, {"a1 LOGIN alice secret\r\n", "a1 OK in\r\n"}, {"a2 SELECT INBOX\r\n", "a2 OK done\r\n"}}
	ended := make(chan error, 1)
	go func() {
		buf := make([]byte, 1000)
		for _, l := range lines {
			if l[0] != "" {
				if _, err := server.Read(buf); err != nil {
					ended <- err
					return
				}
			}
			if _, err := server.Write([]byte(l[1])); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	buf := make([]byte, 1000)
	for _, l := range lines {
		if l[0] != "" {
			if _, err := client.Write([]byte(l[0])); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for i := range items {
		items[i].Session = who.Session
	}
	ours := filepath.Join(t.TempDir(), "ours.pcapng")
	w, err := captures.Create(ours, captures.Options{Version: "1.0", ShowSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(items); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	keyLog = filepath.Join(t.TempDir(), "keys.log")
	if err := os.WriteFile(keyLog, secrets.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return asOthersDo(t, ours, mathrand.New(mathrand.NewPCG(1, 1))), keyLog
}

// onPort rewrites a capture by asOthersDo: the server is on port, and not on 143.
func onPort(t *testing.T, capture string, port uint16) string {
	t.Helper()
	data, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	for at := 24; at+16 < len(data); at += 16 + int(binary.LittleEndian.Uint32(data[at+8:])) {
		ports := data[at+16+14+20:]
		for i := 0; i < 4; i += 2 {
			if binary.BigEndian.Uint16(ports[i:]) == 143 {
				binary.BigEndian.PutUint16(ports[i:], port)
			}
		}
	}
	if err := os.WriteFile(capture, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return capture
}

// encryptedAdvice is what is said of the one session of a capture.
func encryptedAdvice(t *testing.T, path string, log *captures.KeyLog) (title, advice string) {
	t.Helper()
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.KeyLog = log
	err = r.Walk(func(item wire.Item) error {
		if e := item.Event; e != nil && e.Finding != nil && e.Finding.ID == "mailtap.encrypted" {
			title, advice = e.Finding.Title, e.Finding.Advice
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return title, advice
}

// Of TLS the handshake is shown, and how to read the rest: what the advice says
// of tshark is done here.
func TestKeys(t *testing.T) {
	said := func(side event.Side, text string) wire.Octets { return wire.Octets{Side: side, Data: []byte(text)} }
	clear := []wire.Octets{said(event.SideServer, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), said(event.SideClient, "t1 STARTTLS\r\n"), said(event.SideServer, "t1 OK go\r\n")}
	for _, tt := range []struct {
		name  string
		port  uint16
		clear []wire.Octets
	}{
		{"implicit on 143", 143, nil}, {"implicit on another port", 8993, nil},
		{"upgraded on another port", 8143, clear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			capture, keyLog := insideTLS(t, tt.clear...)
			testKeys(t, onPort(t, capture, tt.port), keyLog)
		})
	}
}

func testKeys(t *testing.T, capture, keyLog string) {
	title, advice := encryptedAdvice(t, capture, nil)
	if !strings.Contains(title, "imap.example.org, TLS 1.3") || !strings.Contains(advice, "SSLKEYLOGFILE") {
		t.Errorf("without keys: %s: %s", title, advice)
	}
	other := filepath.Join(t.TempDir(), "other.log")
	if err := os.WriteFile(other, []byte("CLIENT_RANDOM "+strings.Repeat("ab", 32)+" "+strings.Repeat("cd", 48)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := captures.OpenKeyLog(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, advice := encryptedAdvice(t, capture, log); !strings.Contains(advice, "has no keys of this session, whose client random is ") {
		t.Errorf("with another's keys: %s", advice)
	}
	if log, err = captures.OpenKeyLog(keyLog); err != nil {
		t.Fatal(err)
	}
	_, advice = encryptedAdvice(t, capture, log)
	_, command, _ := strings.Cut(advice, "has the keys of this session: ")
	command, inject, ok := strings.Cut(command, "; or put them into a copy: ")
	if !ok {
		t.Fatalf("with its keys: %s", advice)
	}
	if _, err := captures.OpenKeyLog(capture); err == nil {
		t.Error("a capture was taken for a key log")
	}
	t.Run("tshark", func(t *testing.T) {
		peertest.Need(t, "tshark", "editcap")
		says := func(command string) {
			t.Helper()
			cmd := exec.Command("sh", "-c", command)
			cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
			cmd.Dir = filepath.Dir(keyLog)
			if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(command, "tshark") && !strings.Contains(string(out), "a2 SELECT INBOX") {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		}
		says(command)
		says(inject)
		_, advice := encryptedAdvice(t, filepath.Join(filepath.Dir(keyLog), "decrypted.pcapng"), nil)
		_, command, ok := strings.Cut(advice, "or read it with: ")
		if !ok {
			t.Fatalf("with its keys inside: %s", advice)
		}
		says(command)
	})
}

// A Decryption Secrets Block that contradicts itself is passed over.
func TestHostileKeys(t *testing.T) {
	var file bytes.Buffer
	block := func(kind uint32, body []byte) {
		body = append(body, make([]byte, -len(body)&3)...)
		file.Write(binary.LittleEndian.AppendUint32(nil, kind))
		file.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(body)+12)))
		file.Write(body)
		file.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(body)+12)))
	}
	block(0x0a0d0d0a, []byte("\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"))
	for _, body := range []string{"", "KSLT", "KSLT\xff\xff\xff\xff", "KSLT\xff\xff\xff\x7fCLIENT_RANDOM ", "KSLT\x00\x00\x00\x00", "xxxx\x04\x00\x00\x00abcd"} {
		block(10, []byte(body))
	}
	path := filepath.Join(t.TempDir(), "c.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Walk(func(wire.Item) error { return nil }); err != nil {
		t.Error(err)
	}
}
