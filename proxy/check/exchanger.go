package check

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// exchangers are where the mail of a domain is delivered (MX), and the domains
// that those hosts belong to: who has mail hosted somewhere publishes nothing,
// and the hoster does.
type exchangers struct {
	hosts   []string // the preferred first
	domains []string // other than the domain itself
}

// maxExchangers bounds the hosts that are looked at.
const maxExchangers = 2

func (c *checker) exchangers(ctx context.Context, domain string) exchangers {
	var x exchangers
	records, err := c.resolver.query(ctx, domain, dns.TypeMX)
	if err != nil {
		return x
	}
	var list []*dns.MX
	for _, rr := range records {
		if r, ok := rr.(*dns.MX); ok && r.Mx != "." { // RFC 7505: a domain that takes no mail
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *dns.MX) int { return cmp.Compare(a.Preference, b.Preference) })
	for _, r := range list[:min(len(list), maxExchangers)] {
		host := strings.TrimSuffix(strings.ToLower(r.Mx), ".")
		x.hosts = append(x.hosts, host)
		_, above, _ := strings.Cut(host, ".")
		for _, name := range []string{above, baseDomain(host)} {
			if strings.Contains(name, ".") && name != domain && !slices.Contains(x.domains, name) {
				x.domains = append(x.domains, name)
			}
		}
	}
	return x
}

// lookExchangers asks the hoster's web servers for the settings of a domain that
// publishes none itself, as Thunderbird does. They are not told the user's address.
func (c *checker) lookExchangers(ctx context.Context, domain string) []Source {
	x := c.exchangers(ctx, domain)
	var all []Source
	for _, host := range x.domains {
		all = append(all, c.autoconfig(ctx, host, domain, "")...)
	}
	for i := range all {
		all[i].Name += " of the mail exchanger"
	}
	return telling(all)
}

// baseDomain is the last two labels of a name, or three where the last but one
// is short, as in co.uk: what clients without a list of suffixes do.
func baseDomain(host string) string {
	labels := strings.Split(host, ".")
	n := 2
	if len(labels) > 2 && len(labels[len(labels)-2]) <= 3 && len(labels[len(labels)-1]) == 2 {
		n = 3
	}
	return strings.Join(labels[max(0, len(labels)-n):], ".")
}
