package replay

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// exchange is the client's side of a SASL mechanism (RFC 4422).
type exchange struct {
	credentials
	first bool // the client speaks first
	step  int
	say   func(x *exchange, challenge []byte) ([]byte, error)

	hash   func() hash.Hash // SCRAM
	nonce  string
	bare   string // client-first-message-bare
	verify []byte // the server's signature
}

func newExchange(mech string, c credentials) *exchange {
	x := &exchange{credentials: c}
	switch mech {
	case "PLAIN":
		x.first, x.say = true, (*exchange).plain
	case "LOGIN":
		x.say = (*exchange).loginStep
	case "CRAM-MD5":
		x.say = (*exchange).cram
	case "SCRAM-SHA-256":
		x.first, x.say, x.hash = true, (*exchange).scram, sha256.New
	case "SCRAM-SHA-1":
		x.first, x.say, x.hash = true, (*exchange).scram, sha1.New
	}
	return x
}

// next answers a challenge; the first of a mechanism where the client speaks
// first is empty.
func (x *exchange) next(challenge []byte) ([]byte, error) {
	msg, err := x.say(x, challenge)
	x.step++
	return msg, err
}

// plain is RFC 4616.
func (x *exchange) plain([]byte) ([]byte, error) {
	return []byte("\x00" + x.user + "\x00" + x.password), nil
}

// loginStep is LOGIN (draft-murchison-sasl-login): the prompts' words vary.
func (x *exchange) loginStep([]byte) ([]byte, error) {
	if x.step == 0 {
		return []byte(x.user), nil
	}
	return []byte(x.password), nil
}

// cram is CRAM-MD5, RFC 2195.
func (x *exchange) cram(challenge []byte) ([]byte, error) {
	mac := hmac.New(md5.New, []byte(x.password))
	mac.Write(challenge)
	return []byte(x.user + " " + hex.EncodeToString(mac.Sum(nil))), nil
}

// scram is RFC 5802 without channel binding.
func (x *exchange) scram(challenge []byte) ([]byte, error) {
	switch x.step {
	case 0:
		x.nonce = rand.Text()
		x.bare = "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(x.user) + ",r=" + x.nonce
		return []byte("n,," + x.bare), nil
	case 1:
		return x.scramFinal(challenge)
	}
	got, ok := bytes.CutPrefix(challenge, []byte("v="))
	sum, err := base64.StdEncoding.DecodeString(string(got))
	if !ok || err != nil || subtle.ConstantTimeCompare(sum, x.verify) != 1 {
		return nil, errors.New("the server did not prove that it knows the password")
	}
	return nil, nil
}

// maxIterations bounds what a server can make us compute.
const maxIterations = 10_000_000

func (x *exchange) scramFinal(challenge []byte) ([]byte, error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(string(challenge), ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			parts[name] = value
		}
	}
	salt, err := base64.StdEncoding.DecodeString(parts["s"])
	rounds, nerr := strconv.Atoi(parts["i"])
	if err != nil || nerr != nil || rounds < 1 || rounds > maxIterations || !strings.HasPrefix(parts["r"], x.nonce) {
		return nil, fmt.Errorf("the server's challenge %q is no SCRAM challenge", clip(string(challenge)))
	}
	salted, err := pbkdf2.Key(x.hash, x.password, salt, rounds, x.hash().Size())
	if err != nil {
		return nil, err
	}
	final := "c=biws,r=" + parts["r"]
	message := x.bare + "," + string(challenge) + "," + final
	clientKey := x.mac(salted, "Client Key")
	stored := x.hash()
	stored.Write(clientKey)
	proof := x.mac(stored.Sum(nil), message)
	subtle.XORBytes(proof, proof, clientKey)
	x.verify = x.mac(x.mac(salted, "Server Key"), message)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

func (x *exchange) mac(key []byte, text string) []byte {
	m := hmac.New(x.hash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
