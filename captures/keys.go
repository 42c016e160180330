package captures

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mailtap/captures/tcp"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// KeyLog is a file of TLS secrets as SSLKEYLOGFILE makes them (the draft
// draft-ietf-tls-keylogfile). mailtap does not decrypt: it says which of a
// capture's sessions other tools can read with it.
type KeyLog struct {
	path string
	keys keys
}

// keys are the client randoms of the connections whose secrets are known.
type keys map[[32]byte]bool

// maxKeys bounds what a hostile file makes us hold.
const maxKeys = 1 << 18

// OpenKeyLog reads a key log. A file without a key is an error.
func OpenKeyLog(path string) (*KeyLog, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	defer f.Close()
	k := &KeyLog{path: path, keys: keys{}}
	if err := k.keys.read(f); err != nil {
		return nil, fmt.Errorf("reading keys from %s: %w", path, err)
	}
	if len(k.keys) == 0 {
		return nil, fmt.Errorf("reading keys from %s: %w", path, errors.New("it has no line such as CLIENT_RANDOM ..., which programs write to the file that SSLKEYLOGFILE names"))
	}
	return k, nil
}

// read takes the lines of a key log: LABEL RANDOM SECRET. Others are passed over.
func (k keys) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() && len(k) < maxKeys {
		words := bytes.Fields(lines.Bytes())
		var random [32]byte
		if len(words) != 3 || len(words[1]) != 64 {
			continue
		}
		if _, err := hex.Decode(random[:], words[1]); err == nil {
			k[random] = true
		}
	}
	if err := lines.Err(); !errors.Is(err, bufio.ErrTooLong) {
		return err
	}
	return nil
}

// encrypted is the finding of a session that goes on inside TLS: what its
// handshake shows, and how it can be read all the same.
func (w *walk) encrypted(s *tcp.Stream, h *tcp.Handshake) *event.Event {
	detail := orUnknown(h.SNI, "no server name")
	switch {
	case h.Version == "":
		detail += ", and the handshake was not captured whole"
	case h.Agreed:
		detail += ", " + h.Version
	default:
		detail += ", " + h.Version + " at most, and no answer of the server"
	}
	e := finding.New("mailtap.encrypted", detail)
	if advice := w.decrypting(s, h); advice != "" {
		e.Finding.Advice = wire.Escape([]byte(advice))
	}
	return e
}

// decrypting says how others read the session; "" is what the catalogue says.
func (w *walk) decrypting(s *tcp.Stream, h *tcp.Handshake) string {
	dissector := map[event.Proto]string{event.IMAP: "imap", event.POP3: "pop"}[s.Proto]
	read := fmt.Sprintf("tshark -r %s -Y %s", quoted(w.r.path), dissector)
	if port := s.Server.Port(); !usual[port] {
		read += fmt.Sprintf(map[bool]string{true: " -d tcp.port==%d,%s", false: " -d tls.port==%d,%s"}[s.Upgraded], port, dissector)
	}
	log := w.r.KeyLog
	switch {
	case w.keys[h.Random]:
		return "the keys of this session stand in the capture (a Decryption Secrets Block): open it in Wireshark, or read it with: " + read
	case log != nil && log.keys[h.Random]:
		return fmt.Sprintf("%s has the keys of this session: %s -o tls.keylog_file:%s; or put them into a copy: editcap --inject-secrets tls,%s %s decrypted.pcapng",
			log.path, read, quoted(log.path), quoted(log.path), quoted(w.r.path))
	case log != nil:
		return fmt.Sprintf("%s has no keys of this session, whose client random is %x: they are of other connections, or were written after it began", log.path, h.Random)
	case len(w.keys) > 0:
		return fmt.Sprintf("the keys in the capture are of other sessions: those for the client random %x are missing", h.Random)
	}
	return ""
}

// usual are the ports on which Wireshark looks for TLS or for an upgrade to it.
var usual = map[uint16]bool{110: true, 143: true, 993: true, 995: true}

// quoted is a file's name as a shell takes it.
func quoted(path string) string {
	if !strings.ContainsAny(path, " \t\n'\"\\$&;|<>()*?#~`[]{}!") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
