package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

const (
	maxBody      = 256 << 10
	maxRedirects = 5
)

// page is what a web server answered.
type page struct {
	status int
	kind   string // Content-Type
	body   []byte
	from   string // the URL behind all redirects
}

// web is the client for autoconfig and Autodiscover. It sends no password, no
// cookie and no referrer, goes to https alone from https, and takes little.
func (c *checker) web() *http.Client {
	transport := &http.Transport{
		DialContext:            c.dialName,
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots},
		TLSHandshakeTimeout:    c.Timeout,
		ResponseHeaderTimeout:  c.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
	}
	if c.DNS == "" {
		transport.Proxy = http.ProxyFromEnvironment
	}
	return &http.Client{Transport: transport, Timeout: 2 * c.Timeout, CheckRedirect: follow}
}

func follow(r *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return errors.New("a redirect from https to " + r.URL.Scheme)
	}
	r.Header.Del("Referer")
	return nil
}

// fetch gets url, or posts body to it.
func (c *checker) fetch(ctx context.Context, url, body string) (*page, error) {
	method, reader := http.MethodGet, io.Reader(nil)
	if body != "" {
		method, reader = http.MethodPost, strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "mailtap")
	r.Header.Set("Accept", "text/xml, application/xml")
	if body != "" {
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	answer, err := c.web().Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err == nil && len(data) > maxBody {
		err = fmt.Errorf("an answer over the limit of %d bytes", maxBody)
	}
	if err != nil {
		return nil, err
	}
	return &page{answer.StatusCode, answer.Header.Get("Content-Type"), data, answer.Request.URL.String()}, nil
}

// dialName connects to a host by name, over whatever family answers first.
func (c *checker) dialName(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	v4, v6, err := c.resolver.addresses(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w", host, err)
	}
	err = errNoName
	for _, addr := range append(slices.Clip(v4[:min(len(v4), 2)]), v6[:min(len(v6), 2)]...) {
		var conn net.Conn
		if conn, err = c.dialAddr(ctx, addr, port); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// dialAddr connects to one address.
func (c *checker) dialAddr(ctx context.Context, addr netip.Addr, port string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return c.Dial(ctx, "tcp", net.JoinHostPort(addr.String(), port))
}
