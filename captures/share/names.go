package share

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// names gives words their stand-ins.
type names struct {
	known   map[string]string // by the word in lower case
	private map[string]bool   // words that are names: looked for in what servers say to people
	ips     map[netip.Addr]netip.Addr
	next    uint64
}

// mostWords bounds what is remembered: beyond it a word gets another stand-in
// each time.
const mostWords = 1 << 20

func newNames() *names {
	return &names{known: map[string]string{}, private: map[string]bool{}, ips: map[netip.Addr]netip.Addr{}}
}

// kept are words that tell nothing of anybody.
var kept = map[string]bool{"inbox": true, "localhost": true, "nil": true, "recent": true, "xn": true}

// services are domains of large mail services: findings rest on them.
var services = []string{
	"gmail.com", "googlemail.com", "google.com", "outlook.com", "office365.com", "hotmail.com", "live.com", "office.com", "outlook.de", "outlook.cn",
	"yahoo.com", "aol.com", "yahoo.co.jp", "ymail.com", "att.net", "verizon.net", "163.com", "126.com", "yeah.net", "netease.com", "188.com",
	"qq.com", "foxmail.com", "me.com", "icloud.com", "mac.com", "gmx.net", "gmx.de", "gmx.com", "web.de", "t-online.de", "fastmail.com", "zoho.com",
	"yandex.ru", "yandex.com", "mail.ru", "proton.me",
}

// service is where the domain of a large mail service stands at the end of a
// name; len(text) where none does.
func service(text []byte) int {
	lower := strings.ToLower(string(text))
	for _, domain := range services {
		if i := len(lower) - len(domain); strings.HasSuffix(lower, domain) && (i == 0 || lower[i-1] == '.' || lower[i-1] == '@') {
			return i
		}
	}
	return len(text)
}

// isWord reports whether c is part of a word; what is not ASCII is.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// eachWord hands fn the words of text.
func eachWord(text []byte, fn func(word []byte)) {
	for i := 0; i < len(text); {
		if !isWord(text[i]) {
			i++
			continue
		}
		begin := i
		for i < len(text) && isWord(text[i]) {
			i++
		}
		fn(text[begin:i])
	}
}

// replace puts stand-ins for all words of text in their places. Words of names
// are looked for in other places too.
func (n *names) replace(text []byte, name bool) {
	text = text[:service(text)]
	if n.utf7(text) {
		return
	}
	eachWord(text, func(word []byte) {
		lower := strings.ToLower(string(word))
		if kept[lower] {
			return
		}
		if name {
			n.private[lower] = true
		}
		n.put(word, n.standIn(lower))
	})
}

// name is replace for a name: of a user, a host, a mailbox.
func (n *names) name(text []byte) { n.replace(text, true) }

// nameText is name for a string.
func (n *names) nameText(text string) string {
	b := []byte(text)
	n.name(b)
	return string(b)
}

// standIn is the stand-in for a word in lower case.
func (n *names) standIn(lower string) string {
	if s, ok := n.known[lower]; ok {
		return s
	}
	for {
		n.next++
		s := invent(lower, n.next)
		if s == lower && len(lower) > 1 {
			continue
		}
		if len(n.known) < mostWords {
			n.known[lower] = s
		}
		return s
	}
}

// consonants make no words: neither English ones nor the protocol's.
const consonants = "bcdfghjkmpqrtvwxz"

// invent is the stand-in with that number for a word: of the same length, with
// characters of the same kind.
func invent(lower string, number uint64) string {
	out := make([]byte, 0, len(lower))
	random := number
	draw := func(of uint64) uint64 { // splitmix64
		random += 0x9e3779b97f4a7c15
		z := random
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return (z ^ z>>31) % of
	}
	for i := 0; i < len(lower); {
		c := lower[i]
		switch {
		case isDigit(c):
			out = append(out, byte('1'+draw(9)))
			i++
		case c < utf8.RuneSelf:
			out = append(out, consonants[draw(uint64(len(consonants)))])
			i++
		default:
			_, size := utf8.DecodeRuneInString(lower[i:])
			out = append(out, like(lower[i:i+size], draw)...)
			i += size
		}
	}
	return string(out)
}

// like is a character with as many octets; what is not UTF-8 stays none.
func like(char string, draw func(uint64) uint64) string {
	switch len(char) {
	case 2:
		return string(rune(0x0431 + draw(31)))
	case 3:
		return string(rune(0x3042 + draw(60)))
	case 4:
		return string(rune(0x1d41a + draw(20)))
	}
	return "\xf8"
}

// put writes a stand-in over a word, in the word's capitals.
func (n *names) put(word []byte, standIn string) {
	if len(standIn) != len(word) { // lower case may have another length
		standIn = invent(string(word), n.next)
	}
	for i := range word {
		c := standIn[i]
		if word[i] >= 'A' && word[i] <= 'Z' && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		word[i] = c
	}
}

// url is a URL with a stand-in for its host.
func (n *names) url(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return n.address(text)
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 { // options name files
		rest = rest[:i]
	}
	return scheme + "://" + n.address(rest)
}

// address is HOST:PORT or IP:PORT with a stand-in for the host.
func (n *names) address(text string) string {
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") && (strings.Count(text, ":") == 1 || strings.HasPrefix(text, "[")) {
		return n.host(text[:i]) + text[i:]
	}
	return n.host(text)
}

// host is the stand-in for a host or an IP address.
func (n *names) host(text string) string {
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if ip, err := netip.ParseAddr(bare); err == nil {
		other := n.ip(ip, bare)
		if bare != text {
			other = "[" + other + "]"
		}
		return other
	}
	return n.nameText(text)
}

// ip is the stand-in for an IP address: written with as many digits at each
// place, and of the same kind where that is loopback.
func (n *names) ip(ip netip.Addr, text string) string {
	if ip.IsLoopback() || ip.IsUnspecified() {
		return text
	}
	out := []byte(text)
	if ip.Is4() {
		for i, part := 0, 0; i < len(out); i++ {
			begin := i
			for i < len(out) && out[i] != '.' {
				i++
			}
			n.octet(out[begin:i], part)
			part++
		}
		return string(out)
	}
	eachWord(out, func(word []byte) {
		s := n.standIn("ip6 " + strings.ToLower(string(word)))[4:]
		for i := range word {
			word[i] = "0123456789abcdef"[(int(s[i])+i)%16]
		}
		if word[0] == '0' {
			word[0] = '2'
		}
	})
	return string(out)
}

// octet replaces one of an IPv4 address's four numbers.
func (n *names) octet(digits []byte, part int) {
	key := "ip4 " + string(rune('a'+part)) + string(digits)
	s := n.standIn(key)
	s = s[len(s)-len(digits):]
	copy(digits, s)
	if len(digits) == 3 { // at most 255, and at least 100
		digits[0] = '1'
	}
}

// subject is a certificate's distinguished name with stand-ins for its values.
func (n *names) subject(text string) string {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		attribute, value, ok := strings.Cut(part, "=")
		if !ok {
			attribute, value = "", part
		}
		value = n.nameText(value)
		if ok {
			value = attribute + "=" + value
		}
		parts[i] = value
	}
	return strings.Join(parts, ",")
}
