package tcp

import (
	"crypto/x509"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"mailtap/parse/event"
)

// Handshake is what a TLS handshake shows to everybody.
type Handshake struct {
	SNI     string
	Offered []string // ALPN, by the client
	ALPN    string   // as the server chose; visible up to TLS 1.2
	Version string   // as the server chose, or the highest that the client offered
	Cipher  string
	Random  [32]byte            // the client's: key logs name connections by it
	Agreed  bool                // the server answered
	Peer    []*x509.Certificate // the server's; visible up to TLS 1.2
}

// hello gathers the handshake records of both sides (RFC 8446 §4, RFC 5246 §7.4).
type hello struct {
	records [2][]byte // not taken apart yet
	message [2][]byte // handshake messages, joined from records
	sealed  [2]bool   // what follows is encrypted, or no handshake
	client  bool      // its hello was read
	told    bool
	shown   Handshake
}

// maxHello bounds what is kept of a handshake: certificates may be long.
const maxHello = 64 << 10

// isTLS reports whether octets begin a TLS handshake record.
func isTLS(data []byte) bool {
	return len(data) >= 3 && data[0] == 22 && data[1] == 3 && data[2] <= 4
}

// feed takes what side sends.
func (h *hello) feed(side event.Side, data []byte) {
	i := sideIndex(side)
	if h.sealed[i] {
		return
	}
	h.records[i] = append(h.records[i], data...)
	for !h.sealed[i] {
		r := h.records[i]
		if len(r) < 5 {
			return
		}
		n := 5 + int(big.Uint16(r[3:]))
		if r[0] != 22 || n > maxHello {
			h.seal(i)
			return
		}
		if len(r) < n {
			return
		}
		h.message[i] = append(h.message[i], r[5:n]...)
		h.records[i] = r[n:]
		h.messages(i)
	}
}

// lost tells that octets of side are missing: nothing behind them can be read.
func (h *hello) lost(side event.Side) { h.seal(sideIndex(side)) }

func (h *hello) seal(i int) {
	h.sealed[i] = true
	h.records[i], h.message[i] = nil, nil
}

// messages reads the whole messages of one side.
func (h *hello) messages(i int) {
	for len(h.message[i]) >= 4 {
		m := h.message[i]
		n := 4 + int(m[1])<<16 + int(m[2])<<8 + int(m[3])
		if n > maxHello || len(m) > maxHello {
			h.seal(i)
			return
		}
		if len(m) < n {
			return
		}
		body := cryptobyte.String(m[4:n])
		h.message[i] = m[n:]
		switch m[0] {
		case 1:
			h.client = true
			h.clientHello(body)
		case 2:
			h.serverHello(body)
		case 11:
			h.certificates(body)
		}
	}
}

// whole reports whether nothing more will be seen.
func (h *hello) whole() bool {
	return h.sealed[1] || h.shown.Agreed && (h.shown.Version == "TLS 1.3" || len(h.shown.Peer) > 0)
}

func (h *hello) handshake() *Handshake { return &h.shown }

// offers reports whether the client's ALPN has a protocol.
func (h *hello) offers(name string) bool { return slices.Contains(h.shown.Offered, name) }

// clientHello reads RFC 8446 §4.1.2.
func (h *hello) clientHello(body cryptobyte.String) {
	var version uint16
	var id, compressions cryptobyte.String
	var ciphers cryptobyte.String
	if !body.ReadUint16(&version) || !body.CopyBytes(h.shown.Random[:]) || !body.ReadUint8LengthPrefixed(&id) ||
		!body.ReadUint16LengthPrefixed(&ciphers) || !body.ReadUint8LengthPrefixed(&compressions) {
		return
	}
	h.shown.Version = versionName(version)
	extensions(body, func(kind uint16, data cryptobyte.String) {
		var list, name cryptobyte.String
		var nameType uint8
		switch kind {
		case 0: // server_name, RFC 6066 §3
			if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8(&nameType) && list.ReadUint16LengthPrefixed(&name) && nameType == 0 {
				h.shown.SNI = string(name)
			}
		case 16: // application_layer_protocol_negotiation, RFC 7301 §3.1
			if data.ReadUint16LengthPrefixed(&list) {
				for len(h.shown.Offered) < 32 && list.ReadUint8LengthPrefixed(&name) {
					h.shown.Offered = append(h.shown.Offered, string(name))
				}
			}
		case 43: // supported_versions, RFC 8446 §4.2.1
			if data.ReadUint8LengthPrefixed(&list) {
				for v := uint16(0); list.ReadUint16(&v); {
					if v&0x0f0f != 0x0a0a && v > version { // not GREASE (RFC 8701)
						version = v
					}
				}
				h.shown.Version = versionName(version)
			}
		}
	})
}

// serverHello reads RFC 8446 §4.1.3.
func (h *hello) serverHello(body cryptobyte.String) {
	var version, cipher uint16
	var id cryptobyte.String
	if !body.ReadUint16(&version) || !body.Skip(32) || !body.ReadUint8LengthPrefixed(&id) ||
		!body.ReadUint16(&cipher) || !body.Skip(1) {
		return
	}
	h.shown.Agreed = true
	h.shown.Cipher = cipherName(cipher)
	extensions(body, func(kind uint16, data cryptobyte.String) {
		var list, name cryptobyte.String
		switch kind {
		case 16:
			if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8LengthPrefixed(&name) {
				h.shown.ALPN = string(name)
			}
		case 43:
			data.ReadUint16(&version)
		}
	})
	h.shown.Version = versionName(version)
}

// certificates reads RFC 5246 §7.4.2: TLS 1.3 encrypts them.
func (h *hello) certificates(body cryptobyte.String) {
	var list, der cryptobyte.String
	if !body.ReadUint24LengthPrefixed(&list) {
		return
	}
	for len(h.shown.Peer) < 10 && list.ReadUint24LengthPrefixed(&der) {
		if c, err := x509.ParseCertificate(der); err == nil {
			h.shown.Peer = append(h.shown.Peer, c)
		}
	}
}

// extensions goes over the extensions of a hello, as far as they hold together.
func extensions(body cryptobyte.String, each func(kind uint16, data cryptobyte.String)) {
	var list cryptobyte.String
	if !body.ReadUint16LengthPrefixed(&list) {
		return
	}
	for !list.Empty() {
		var kind uint16
		var data cryptobyte.String
		if !list.ReadUint16(&kind) || !list.ReadUint16LengthPrefixed(&data) {
			return
		}
		each(kind, data)
	}
}

func versionName(v uint16) string {
	switch v {
	case 0x0300:
		return "SSLv3"
	case 0x0301, 0x0302, 0x0303, 0x0304:
		return fmt.Sprintf("TLS 1.%d", v-0x0301)
	}
	return fmt.Sprintf("0x%04x", v)
}

// cipherName is the name of the suites that are in use, else the number.
// crypto/tls has the names too, but nothing here may import what can connect.
func cipherName(c uint16) string {
	if name := ciphers[c]; name != "" {
		return name
	}
	return fmt.Sprintf("0x%04x", c)
}

var ciphers = map[uint16]string{
	0x1301: "TLS_AES_128_GCM_SHA256",
	0x1302: "TLS_AES_256_GCM_SHA384",
	0x1303: "TLS_CHACHA20_POLY1305_SHA256",
	0x000a: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
	0x002f: "TLS_RSA_WITH_AES_128_CBC_SHA",
	0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
	0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
	0x003c: "TLS_RSA_WITH_AES_128_CBC_SHA256",
	0x003d: "TLS_RSA_WITH_AES_256_CBC_SHA256",
	0x009c: "TLS_RSA_WITH_AES_128_GCM_SHA256",
	0x009d: "TLS_RSA_WITH_AES_256_GCM_SHA384",
	0x009e: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
	0x009f: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
	0xc009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
	0xc00a: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
	0xc013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
	0xc014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
	0xc027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
	0xc02b: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	0xc02c: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	0xc02f: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	0xc030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	0xcca8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	0xcca9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}
