package ca

import (
	"crypto/x509"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/net/idna"
)

// maxNames bounds what one leaf carries: a server's certificate may name
// hundreds of customers, and clients refuse or choke on huge ones.
const maxNames = 100

// names gathers what a leaf is to stand for, each name once, in the order of
// their coming.
type names struct {
	dns     []string
	ips     []net.IP
	seen    map[string]bool
	address bool // the client named no host, or (mbsync) an address
}

func gather(sni string, upstream *x509.Certificate, listener []string) *names {
	n := &names{seen: map[string]bool{}}
	n.add(sni, false)
	n.address = sni == "" || len(n.ips) > 0
	for _, name := range listener {
		n.add(name, false)
	}
	if upstream == nil {
		return n
	}
	for _, name := range upstream.DNSNames {
		n.add(name, true)
	}
	for _, ip := range upstream.IPAddresses {
		n.add(ip.String(), false)
	}
	if len(upstream.DNSNames)+len(upstream.IPAddresses) == 0 { // older than RFC 6125
		n.add(upstream.Subject.CommonName, true)
	}
	return n
}

// add takes a name or an address. What is neither is left out: a leaf with a
// malformed name would be refused whole, and SNI is whatever the client sent.
func (n *names) add(text string, wildcard bool) {
	if len(n.seen) >= maxNames || text == "" {
		return
	}
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		addr = addr.Unmap().WithZone("")
		if !n.seen[addr.String()] && !addr.IsUnspecified() {
			n.seen[addr.String()] = true
			n.ips = append(n.ips, addr.AsSlice())
		}
		return
	}
	name, ok := dnsName(text, wildcard)
	if ok && !n.seen[name] {
		n.seen[name] = true
		n.dns = append(n.dns, name)
	}
}

// common is the subject's name: the first that fits into 64 characters. For a
// client that named no host (SNI has none for an address, RFC 6066 §3) it is
// the first address: mbsync 1.4 and fetchmail 6.4 look for the address that they
// were given in names of DNS and here, and never among the certificate's
// addresses (against RFC 9525 §6.5).
func (n *names) common() string {
	if n.address && len(n.ips) > 0 {
		return n.ips[0].String()
	}
	for _, name := range n.dns {
		if len(name) <= 64 {
			return name
		}
	}
	for _, ip := range n.ips {
		return ip.String()
	}
	return "mailtap"
}

// key is n as a cache knows it.
func (n *names) key() string {
	var b strings.Builder
	b.WriteString(n.common() + "\n")
	for _, name := range n.dns {
		b.WriteString(name + " ")
	}
	for _, ip := range n.ips {
		b.WriteString(ip.String() + " ")
	}
	return b.String()
}

// dnsName is text as a dNSName: lower case, in ASCII, without the root's dot.
// Underscores pass (container networks); a wildcard stands for a whole first
// label and has two more behind it, as clients require (RFC 6125 §6.4.3).
func dnsName(text string, wildcard bool) (string, bool) {
	name := strings.ToLower(strings.TrimSuffix(text, "."))
	if !ascii(name) {
		var err error
		if name, err = idna.Lookup.ToASCII(name); err != nil {
			return "", false
		}
	}
	if len(name) > 253 {
		return "", false
	}
	rest, isWild := strings.CutPrefix(name, "*.")
	if isWild && (!wildcard || !strings.Contains(rest, ".")) {
		return "", false
	}
	for label := range strings.SplitSeq(rest, ".") {
		if !plainLabel(label) {
			return "", false
		}
	}
	return name, true
}

func plainLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if c := label[i]; !letterOrDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

func letterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// ListenerNames is what clients may call a listener: its host, and what else
// leads there. With all (every interface) that is each address of this machine.
func ListenerNames(host string, all bool) []string {
	list := []string{host}
	addr, err := netip.ParseAddr(host)
	if all || host == "localhost" || err == nil && addr.Unmap().IsLoopback() {
		list = append(list, "localhost", "127.0.0.1", "::1")
	}
	if !all {
		return list
	}
	if name, err := os.Hostname(); err == nil {
		list = append(list, name)
		if !strings.Contains(name, ".") {
			list = append(list, name+".local") // mDNS (RFC 6762)
		}
	}
	addrs, _ := net.InterfaceAddrs() // without them clients use a name
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok {
			list = append(list, ip.IP.String())
		}
	}
	return list
}
