package finding

import (
	"net/netip"
	"strings"
)

// provider is who runs the server, where its refusals have a meaning of their own.
type provider uint8

const (
	elsewhere provider = iota
	google
	microsoft
	yahoo // and AOL
	netease
	tencent
	apple
)

// providers are known by the host, by the names in the server's certificate,
// by the greeting, or by capabilities of their own; in that order.
var providers = []struct {
	provider
	hosts     []string
	greetings []string
	caps      []string
}{
	{google, []string{"gmail.com", "googlemail.com"}, []string{"gimap ready", "gpop ready"}, []string{"X-GM-EXT-1"}},
	{microsoft, []string{"outlook.com", "office365.com", "hotmail.com", "live.com", "office.com", "outlook.de", "partner.outlook.cn"}, []string{"outlook.com", "office365", "the microsoft exchange imap4 service is ready. [", "the microsoft exchange pop3 service is ready. ["}, nil},
	{yahoo, []string{"yahoo.com", "aol.com", "yahoo.co.jp", "ymail.com", "att.net", "verizon.net"}, []string{"yahoo", "imapgate", "aol imap"}, []string{"XYMHIGHESTMODSEQ"}},
	{netease, []string{"163.com", "126.com", "yeah.net", "netease.com", "188.com"}, []string{"coremail"}, nil},
	{tencent, []string{"qq.com", "foxmail.com", "exmail.qq.com"}, []string{"qqmail", "qq.com"}, nil},
	{apple, []string{"me.com", "icloud.com", "mac.com"}, []string{"icloud", "iceworld"}, []string{"XAPPLEPUSHSERVICE"}},
}

// provider is who the session's server belongs to.
func (f *facts) provider() provider {
	for i := range providers {
		p := &providers[i]
		if below(f.upstream, p.hosts) {
			return p.provider
		}
	}
	for i := range providers {
		p := &providers[i]
		if f.certified(p.hosts) || containsAny(f.greeting, p.greetings) {
			return p.provider
		}
		for _, c := range p.caps {
			if f.caps[c] {
				return p.provider
			}
		}
	}
	return elsewhere
}

// certified tells whether the server's certificate has a name at one of hosts.
func (f *facts) certified(hosts []string) bool {
	if t := f.tls[1]; t != nil && len(t.Peer) > 0 {
		for _, name := range t.Peer[0].Names {
			if below(strings.TrimPrefix(strings.ToLower(name), "*."), hosts) {
				return true
			}
		}
	}
	return false
}

// nameless tells whether the host says nothing of who runs the server: an
// address, or this machine, which a tunnel may lead from.
func (f *facts) nameless() bool {
	_, err := netip.ParseAddr(f.upstream)
	return err == nil || f.upstream == "localhost" || f.upstream == ""
}

// below tells whether host is one of hosts, or a name below one.
func below(host string, hosts []string) bool {
	for _, h := range hosts {
		if host == h || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	return false
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
