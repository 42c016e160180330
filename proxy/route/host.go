package route

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// authority parts HOST[:PORT], IPv6 in brackets; the brackets stay.
func authority(text string) (host, port string, err error) {
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		return "", "", fmt.Errorf("unexpected %q behind the host", clip(text[i:]))
	}
	if i := strings.IndexByte(text, '/'); i >= 0 {
		if i+1 < len(text) {
			return "", "", fmt.Errorf("a route has no path, got %q; write SCHEME://HOST:PORT", clip(text[i:]))
		}
		text = text[:i]
	}
	if end := strings.IndexByte(text, ']'); strings.HasPrefix(text, "[") && end > 0 {
		host, port = text[:end+1], text[end+1:]
		if port != "" && port[0] != ':' {
			return "", "", fmt.Errorf("unexpected %q behind %q", clip(port), clip(host))
		}
		if port == ":" {
			return "", "", noPort(text)
		}
		return host, strings.TrimPrefix(port, ":"), nil
	}
	if strings.Count(text, ":") > 1 {
		return "", "", fmt.Errorf("too many colons in %q; an IPv6 address stands in brackets: [%s]", clip(text), clip(strings.Trim(text, "[]")))
	}
	host, port, colon := strings.Cut(text, ":")
	if colon && port == "" {
		return "", "", noPort(text)
	}
	return host, port, nil
}

func noPort(text string) error {
	return fmt.Errorf("there is no port behind the colon of %q; leave out the colon, or write the port", clip(text))
}

// parseHost takes a name or an address and gives it in the form that is
// dialled, compared and shown: lower case, IDN as ASCII, addresses as netip has them.
func parseHost(text string) (string, error) {
	if strings.HasPrefix(text, "[") {
		return parseIPv6(strings.Trim(text, "[]"))
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return addr.String(), nil
	}
	ascii, err := asciiName(text)
	if err != nil {
		return "", err
	}
	last := strings.TrimSuffix(ascii, ".")
	if digits(last[strings.LastIndexByte(last, '.')+1:]) {
		return "", fmt.Errorf("%q is no IPv4 address; those have four numbers up to 255", clip(text))
	}
	return ascii, nil
}

// parseIPv6 takes what stood in brackets, a zone behind % or %25 (RFC 6874).
func parseIPv6(text string) (string, error) {
	ip, zone, zoned := strings.Cut(text, "%")
	if zoned && len(zone) > 2 {
		zone = strings.TrimPrefix(zone, "25")
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil || !addr.Is6() || zoned && (zone == "" || !plainZone(zone)) {
		return "", fmt.Errorf("[%s] is no IPv6 address", clip(text))
	}
	return addr.WithZone(zone).String(), nil
}

func plainZone(zone string) bool {
	for i := range len(zone) {
		if c := zone[i]; !letterOrDigit(c) && !strings.ContainsRune("-_.", rune(c)) {
			return false
		}
	}
	return true
}

// asciiName is a host name in ASCII. Underscores are allowed where RFC 952 has
// none: container networks name hosts so.
func asciiName(text string) (string, error) {
	if text == "" {
		return "", errors.New("there is no host; write SCHEME://HOST, such as imaps://mail.example.org")
	}
	name := strings.ToLower(text)
	for i := range len(text) {
		if text[i] >= 0x80 {
			ascii, err := idna.Lookup.ToASCII(text)
			if err != nil {
				return "", fmt.Errorf("%q is no host name: %w", clip(text), err)
			}
			name = ascii
			break
		}
	}
	if len(name) > 254 {
		return "", fmt.Errorf("a host name of %d octets is over the limit of 253", len(name))
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%q is no host name: %w", clip(text), err)
		}
	}
	return name, nil
}

func checkLabel(label string) error {
	if label == "" {
		return errors.New("there is nothing between two dots")
	}
	if len(label) > 63 {
		return fmt.Errorf("a label of %d octets is over the limit of 63", len(label))
	}
	for i := range len(label) {
		if c := label[i]; !letterOrDigit(c) && c != '-' && c != '_' {
			return fmt.Errorf("it has a %q in it", label[i:i+1])
		}
	}
	return nil
}

func letterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// wildcard reports whether host is an address that means all of them.
func wildcard(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsUnspecified()
}
