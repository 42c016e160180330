package check

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// looks are the sources of settings, in the order in which clients use them.
var looks = []func(c *checker, ctx context.Context, domain string) []Source{
	(*checker).lookSRV, (*checker).lookAutoconfig, (*checker).lookISPDB, (*checker).lookAutodiscover,
}

// discover asks every source, all at once, and keeps their order.
func (c *checker) discover(ctx context.Context) {
	domain := c.target.Domain
	if domain == "" || c.NoLookup {
		return
	}
	said := make([][]Source, len(looks))
	var all sync.WaitGroup
	for i, look := range looks {
		all.Go(func() { said[i] = look(c, ctx, domain) })
	}
	all.Wait()
	c.report.Sources = slices.Concat(said...)
	if !slices.ContainsFunc(c.report.Sources, func(s Source) bool { return len(s.Offers) > 0 }) {
		c.report.Sources = append(c.report.Sources, c.lookExchangers(ctx, domain)...)
	}
}

// services are the SRV records that name mail servers (RFC 6186 §3, RFC 8314 §5.1).
var services = []struct {
	label string
	proto event.Proto // none for sending
	mode  route.Mode
}{
	{"_imaps", event.IMAP, route.Implicit},
	{"_imap", event.IMAP, route.StartTLS},
	{"_pop3s", event.POP3, route.Implicit},
	{"_pop3", event.POP3, route.StartTLS},
	{"_submissions", event.ProtoNone, route.Implicit},
	{"_submission", event.ProtoNone, route.StartTLS},
}

func (c *checker) lookSRV(ctx context.Context, domain string) []Source {
	s := Source{Name: "DNS SRV", Where: "_imaps, _imap, _pop3s, _pop3 below _tcp." + domain}
	for _, service := range services {
		records, err := c.srv(ctx, service.label+"._tcp."+domain)
		if errors.Is(err, errNoName) {
			continue
		}
		if err != nil {
			s.flaw("%v", err)
			s.Broken = false // it is the name server, or the network here
			return []Source{s}
		}
		for _, r := range records {
			s.addSRV(service.label, service.proto, service.mode, r)
		}
	}
	if len(s.Offers) == 0 && s.Note == "" {
		s.Note = "there are no such records"
	}
	return []Source{s}
}

func (s *Source) addSRV(label string, proto event.Proto, mode route.Mode, r *dns.SRV) {
	target, port := strings.TrimSuffix(r.Target, "."), fmt.Sprint(r.Port)
	switch {
	case target == "": // RFC 2782: decidedly not available
		note := strings.TrimPrefix(label, "_") + " is not offered, says the record"
		if s.Note != "" {
			note = s.Note + "; " + note
		}
		s.Note = note
	case proto == event.ProtoNone:
		s.mention(strings.TrimPrefix(label, "_"), target, port)
	default:
		s.offer(proto, mode, target, port, "", nil)
	}
}

// srv gives the records of a name, the preferred first.
func (c *checker) srv(ctx context.Context, name string) ([]*dns.SRV, error) {
	records, err := c.resolver.query(ctx, name, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	var list []*dns.SRV
	for _, rr := range records {
		if r, ok := rr.(*dns.SRV); ok {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *dns.SRV) int {
		if a.Priority != b.Priority {
			return int(a.Priority) - int(b.Priority)
		}
		return int(b.Weight) - int(a.Weight)
	})
	return list, nil
}

// lookAutoconfig asks the domain's web servers as Thunderbird does, all at once.
// The user's address goes over https alone.
func (c *checker) lookAutoconfig(ctx context.Context, domain string) []Source {
	return telling(c.autoconfig(ctx, domain, domain, c.target.Address))
}

// autoconfig asks the web servers of host for the settings of domain, in the
// order of their rank.
func (c *checker) autoconfig(ctx context.Context, host, domain, address string) []Source {
	const file = "mail/config-v1.1.xml"
	places := []string{
		"https://autoconfig." + host + "/" + file,
		"https://" + host + "/.well-known/autoconfig/" + file,
		"http://autoconfig." + host + "/" + file,
		"http://" + host + "/.well-known/autoconfig/" + file,
	}
	return collect(places, func(place string) Source {
		s := Source{Name: "Mozilla autoconfig", Where: place}
		if address != "" && strings.HasPrefix(place, "https://autoconfig.") {
			place += "?emailaddress=" + url.QueryEscape(address)
		}
		p, err := c.fetch(ctx, place, "")
		s.read(p, err, func(data []byte) error { return readAutoconfig(data, domain, &s) })
		if len(s.Offers) > 0 && p.insecure {
			s.Note = "it comes over http, where anybody on the way can change it"
		}
		return s
	})
}

// telling are the sources that say something, and where none does all of them:
// so that a user sees what was looked for. Of one that is repeated over http
// there is no more to say.
func telling(all []Source) []Source {
	var list []Source
	for _, s := range all {
		said := slices.ContainsFunc(list, func(o Source) bool { return slices.EqualFunc(o.Offers, s.Offers, sameOffer) })
		if s.Broken || len(s.Offers) > 0 && !said {
			list = append(list, s)
		}
	}
	if !slices.ContainsFunc(list, func(s Source) bool { return len(s.Offers) > 0 }) {
		return all
	}
	return list
}

func sameOffer(a, b Offer) bool {
	return a.URL == b.URL && a.User == b.User && slices.Equal(a.Auth, b.Auth)
}

// collect asks several places at the same time and keeps their order.
func collect[P, T any](places []P, ask func(place P) T) []T {
	said := make([]T, len(places))
	var all sync.WaitGroup
	for i, place := range places {
		all.Go(func() { said[i] = ask(place) })
	}
	all.Wait()
	return said
}

// read judges what a web server answered, and has the page read.
func (s *Source) read(p *page, err error, parse func([]byte) error) {
	switch {
	case err != nil:
		s.Note = clean(webError(err))
		s.Broken = strings.Contains(err.Error(), "certificate")
		return
	case p.status == 404 || p.status == 410:
		s.Note = "there is none"
		return
	case p.status == 401 || p.status == 403:
		s.Note = fmt.Sprintf("it wants a login (HTTP %d), and gets none", p.status)
		return
	case p.status != 200:
		s.Note = fmt.Sprintf("the web server answers HTTP %d", p.status)
		return
	}
	if from, _, _ := strings.Cut(p.from, "?"); from != s.Where {
		s.Where = clean(from)
	}
	switch err := parse(p.body); {
	case errors.Is(err, errNoXML):
		s.Note = errNoXML.Error()
	case err != nil:
		s.flaw("it cannot be read: %v", err)
	}
}

// webError is why a page could not be had, without the URL that stands beside.
func webError(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if wrapped.Timeout() {
			return "no answer in time"
		}
		err = wrapped.Err
	}
	if errors.Is(err, errNoName) {
		return "there is no such host"
	}
	if _, why := unreachable(err); why != "" {
		return why
	}
	return err.Error()
}

// lookISPDB reads the files that --ispdb names.
func (c *checker) lookISPDB(ctx context.Context, domain string) []Source {
	if c.ISPDB == "" {
		return nil
	}
	s := Source{Name: "ISPDB", Where: c.ISPDB}
	names := append([]string{domain}, c.exchangers(ctx, domain).domains...)
	files, err := ispdbFiles(c.ISPDB)
	if err != nil {
		s.flaw("%v", err)
		return []Source{s}
	}
	for i, name := range names {
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil || len(data) > maxBody || !configures(data, name) {
				continue
			}
			s.Where = file
			if err := readAutoconfig(data, domain, &s); err != nil {
				s.flaw("it cannot be read: %v", err)
			} else if i > 0 && s.Note == "" {
				s.Note = "found by the mail exchanger's domain " + name
			}
			return []Source{s}
		}
	}
	s.Note = "it has no entry for " + domain
	return []Source{s}
}

// ispdbFiles is the file, or those of a directory.
func ispdbFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, nil
}

// configures reports whether a clientConfig is for a domain.
func configures(data []byte, domain string) bool {
	if !strings.Contains(strings.ToLower(string(data)), domain) {
		return false
	}
	var config clientConfig
	if parseXML(data, &config) != nil {
		return strings.Contains(string(data), "<domain>"+domain+"</domain>")
	}
	for _, p := range config.Providers {
		for _, d := range p.Domains {
			if strings.EqualFold(strings.TrimSpace(d), domain) {
				return true
			}
		}
	}
	return false
}

// lookAutodiscover asks as Outlook does: the domain, its autodiscover host, the
// redirect of that, and the SRV record.
func (c *checker) lookAutodiscover(ctx context.Context, domain string) []Source {
	address := c.target.Address
	if address == "" {
		address = "postmaster@" + domain // one that every domain has (RFC 5321 §4.5.1)
	}
	const file = "/autodiscover/autodiscover.xml"
	places := []string{"https://" + domain + file, "https://autodiscover." + domain + file}
	if records, err := c.srv(ctx, "_autodiscover._tcp."+domain); err == nil {
		if host := strings.TrimSuffix(records[0].Target, "."); host != "" {
			place := "https://" + host + file
			if records[0].Port != 443 {
				place = fmt.Sprintf("https://%s:%d%s", host, records[0].Port, file)
			}
			places = append(places, place)
		}
	}
	var aside *Source
	var waiting sync.WaitGroup
	waiting.Go(func() { aside = c.autodiscoverRedirect(ctx, domain, file, address) })
	all := slices.Concat(collect(places, func(place string) []Source { return c.autodiscover(ctx, place, address) })...)
	waiting.Wait()
	if aside != nil {
		all = append(all, *aside)
	}
	return telling(all)
}

// autodiscover asks one place, and where that names another URL, there too.
func (c *checker) autodiscover(ctx context.Context, place, address string) []Source {
	var all []Source
	for range 3 {
		s, redirect := Source{Name: "Autodiscover", Where: place}, ""
		p, err := c.fetch(ctx, place, autodiscoverRequest(address))
		if err == nil && p.status == 405 {
			p, err = c.fetch(ctx, place, "")
		}
		s.read(p, err, func(data []byte) (err error) { redirect, err = readAutodiscover(data, &s); return err })
		if redirect != "" {
			s.Note = clean("it redirects to " + redirect)
		}
		all = append(all, s)
		if !strings.HasPrefix(redirect, "https://") || slices.ContainsFunc(all, func(s Source) bool { return s.Where == redirect }) {
			break
		}
		place = redirect
	}
	return all
}

// autodiscoverRedirect follows the redirect that a web server in the clear
// gives to a GET, if it goes to https, and asks there.
func (c *checker) autodiscoverRedirect(ctx context.Context, domain, file, address string) *Source {
	p, err := c.fetch(ctx, "http://autodiscover."+domain+file, "")
	if err != nil || !strings.HasPrefix(p.from, "https://") {
		return nil
	}
	s := &Source{Name: "Autodiscover", Where: p.from}
	answer, err := c.fetch(ctx, p.from, autodiscoverRequest(address))
	s.read(answer, err, func(data []byte) error { _, err := readAutodiscover(data, s); return err })
	return s
}
