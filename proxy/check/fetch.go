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
	"time"
)

const (
	maxBody      = 256 << 10
	maxRedirects = 5
)

// page is what a web server answered.
type page struct {
	status int
	body   []byte
	from   string // the URL behind all redirects

	insecure bool // a part of the way was http
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
	return &http.Client{Transport: transport, Timeout: c.Timeout, CheckRedirect: follow}
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
	return &page{status: answer.StatusCode, body: data, from: answer.Request.URL.String(), insecure: strings.HasPrefix(url, "http:")}, nil
}

// dialName connects to a host by name, over IPv4 or IPv6.
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
	var first net.Conn
	for _, t := range collect(append(slices.Clip(v4[:min(len(v4), maxTried)]), v6[:min(len(v6), maxTried)]...), func(addr netip.Addr) dialed {
		conn, err := c.dialAddr(ctx, addr, port)
		return dialed{conn, err}
	}) {
		switch {
		case t.err != nil:
			err = t.err
		case first == nil:
			first = t.conn
		default:
			t.conn.Close()
		}
	}
	if first != nil {
		err = nil
	}
	return first, err
}

// dialed is what came of connecting.
type dialed struct {
	conn net.Conn
	err  error
}

// connectTime is how long connecting may take where --timeout allows more. A
// way around the world takes a third of a second, and a packet that was lost is
// sent again after one second and three.
const connectTime = 4 * time.Second

// dialAddr connects to one address.
func (c *checker) dialAddr(ctx context.Context, addr netip.Addr, port string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, min(c.Timeout, connectTime))
	defer cancel()
	return c.Dial(ctx, "tcp", net.JoinHostPort(addr.String(), port))
}
