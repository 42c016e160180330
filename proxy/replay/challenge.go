package replay

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// challenger is the server's side of a SASL mechanism.
type challenger interface {
	// take is handed what the client sent, given false where it has sent
	// nothing yet, and gives the next challenge. done ends the exchange; ok then
	// says whether it was one.
	take(response []byte, given bool) (challenge []byte, done, ok bool)
	shown() credentials
	password() bool // shown has a password; else its user was proved
}

// challenger makes the exchange of a mechanism that can be answered, else nil.
// What needs the password is there only where it is known.
func (c *caller) challenger(mech string) challenger {
	switch {
	case mech == "PLAIN":
		return &plainServer{}
	case mech == "LOGIN":
		return &loginServer{}
	case mech == "CRAM-MD5" && c.Checked:
		return &cramServer{want: credentials{c.User, c.Password}}
	case mech == "SCRAM-SHA-256" && c.Checked:
		return &scramServer{want: credentials{c.User, c.Password}}
	}
	return nil
}

// plainServer is RFC 4616.
type plainServer struct{ got credentials }

func (s *plainServer) take(response []byte, given bool) ([]byte, bool, bool) {
	if !given {
		return nil, false, false
	}
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 {
		return nil, true, false
	}
	s.got = credentials{string(parts[1]), string(parts[2])}
	return nil, true, true
}

func (s *plainServer) shown() credentials { return s.got }
func (s *plainServer) password() bool     { return true }

// loginServer is LOGIN (draft-murchison-sasl-login).
type loginServer struct {
	got  credentials
	step int
}

func (s *loginServer) take(response []byte, given bool) ([]byte, bool, bool) {
	if s.step == 0 && !given {
		return []byte("Username:"), false, false
	}
	s.step++
	if s.step == 1 {
		s.got.user = string(response)
		return []byte("Password:"), false, false
	}
	s.got.password = string(response)
	return nil, true, true
}

func (s *loginServer) shown() credentials { return s.got }
func (s *loginServer) password() bool     { return true }

// cramServer is CRAM-MD5, RFC 2195.
type cramServer struct {
	want      credentials
	challenge string
	user      string
}

func (s *cramServer) take(response []byte, _ bool) ([]byte, bool, bool) {
	if s.challenge == "" {
		s.challenge = "<" + rand.Text() + "@mailtap>"
		return []byte(s.challenge), false, false
	}
	mac := hmac.New(md5.New, []byte(s.want.password))
	mac.Write([]byte(s.challenge))
	at := bytes.LastIndexByte(response, ' ')
	if at < 0 || subtle.ConstantTimeCompare(response[at+1:], []byte(hex.EncodeToString(mac.Sum(nil)))) != 1 {
		return nil, true, false
	}
	s.user = string(response[:at])
	return nil, true, true
}

func (s *cramServer) shown() credentials { return credentials{user: s.user} }
func (s *cramServer) password() bool     { return false }

// scramServer is SCRAM-SHA-256 without channel binding, RFC 7677.
type scramServer struct {
	want        credentials
	step        int
	user        string
	bare, first string // client-first-message-bare, server-first-message
	nonce       string
}

const scramRounds = 4096

func (s *scramServer) take(response []byte, given bool) ([]byte, bool, bool) {
	if !given {
		return nil, false, false
	}
	s.step++
	switch s.step {
	case 1:
		return s.begin(string(response))
	case 2:
		return s.check(string(response))
	}
	return nil, true, true // the client has seen the proof
}

func (s *scramServer) begin(message string) ([]byte, bool, bool) {
	flag, rest, ok := strings.Cut(message, ",")
	_, bare, also := strings.Cut(rest, ",")
	if !ok || !also || flag != "n" && flag != "y" {
		return nil, true, false
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(bare, ",") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = value
	}
	s.user = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(fields["n"])
	s.bare, s.nonce = bare, fields["r"]+rand.Text()
	s.first = "r=" + s.nonce + ",s=" + base64.StdEncoding.EncodeToString([]byte("mailtap replay")) + ",i=" + strconv.Itoa(scramRounds)
	return []byte(s.first), false, false
}

func (s *scramServer) check(message string) ([]byte, bool, bool) {
	final, proof, ok := strings.Cut(message, ",p=")
	got, err := base64.StdEncoding.DecodeString(proof)
	if !ok || err != nil || len(got) != sha256.Size || !strings.HasSuffix(final, ",r="+s.nonce) {
		return nil, true, false
	}
	salted, err := pbkdf2.Key(sha256.New, s.want.password, []byte("mailtap replay"), scramRounds, sha256.Size)
	if err != nil {
		return nil, true, false
	}
	x := &exchange{hash: sha256.New}
	text := s.bare + "," + s.first + "," + final
	stored := sha256.Sum256(x.mac(salted, "Client Key"))
	key := x.mac(stored[:], text)
	subtle.XORBytes(key, key, got)
	if sum := sha256.Sum256(key); subtle.ConstantTimeCompare(sum[:], stored[:]) != 1 {
		return nil, true, false
	}
	return []byte("v=" + base64.StdEncoding.EncodeToString(x.mac(x.mac(salted, "Server Key"), text))), false, false
}

func (s *scramServer) shown() credentials { return credentials{user: s.user} }
func (s *scramServer) password() bool     { return false }
