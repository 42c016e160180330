package route

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"mailtap/parse/event"
)

// What callers may ask about with errors.Is.
var (
	ErrMixedProtocols = errors.New("the two sides speak different protocols")
	ErrUnknownScheme  = errors.New("unknown scheme")
	ErrSameAddress    = errors.New("two routes listen on one address")
	ErrOwnListener    = errors.New("the route leads to mailtap's own listener")
)

// defaultHost is where a route listens when it does not say.
const defaultHost = "127.0.0.1"

// Parse takes [LISTEN=]UPSTREAM. Its errors are one line that says what would
// be right; they never quote a user name or password that was in the text.
func Parse(text string) (Route, error) {
	if err := noCredentials(text); err != nil {
		return Route{}, err
	}
	for _, c := range text {
		if !strconv.IsPrint(c) || c == utf8.RuneError {
			return Route{}, fmt.Errorf("route %q: it has a %q in it; write [LISTEN=]UPSTREAM, such as imaps://mail.example.org", clip(text), c)
		}
	}
	r, err := parse(text)
	if err != nil {
		return Route{}, fmt.Errorf("route %q: %w", clip(text), err)
	}
	return r, nil
}

// ParseAll takes the routes of a command line and holds them against one another.
func ParseAll(texts []string) ([]Route, error) {
	routes := make([]Route, 0, len(texts))
	for _, text := range texts {
		r, err := Parse(text)
		if err != nil {
			return nil, err
		}
		routes = append(routes, r)
	}
	return routes, Check(routes)
}

func parse(text string) (r Route, err error) {
	listen, upstream, explicit, err := cut(text)
	if err != nil {
		return r, err
	}
	if r.Upstream, r.Options, err = parseUpstream(upstream); err != nil {
		return r, err
	}
	if !explicit {
		r.Listen = r.Upstream
		r.Listen.Host, r.Listen.Port = defaultHost, listenPort(r.Upstream)
		return r, nil
	}
	if r.Listen, err = parseListen(listen, r.Upstream); err != nil {
		return r, err
	}
	return r, mixed(r, upstream)
}

// cut parts LISTEN from UPSTREAM at the first "=" that is none of the query's.
func cut(text string) (listen, upstream string, explicit bool, err error) {
	eq, query := strings.IndexByte(text, '='), strings.IndexByte(text, '?')
	switch {
	case text == "":
		return "", "", false, errors.New("it is empty; write [LISTEN=]UPSTREAM, such as imaps://mail.example.org")
	case eq < 0:
		return "", text, false, nil
	case query < 0 || eq < query:
		return text[:eq], text[eq+1:], true, nil
	}
	if behind := second.FindStringIndex(text[query:]); behind != nil {
		return "", "", false, errors.New("the listen side takes no options; they stand behind the upstream: LISTEN=UPSTREAM?ca=FILE")
	}
	return "", text, false, nil
}

// second is the beginning of a second URL behind a query: LISTEN?query=UPSTREAM.
var second = regexp.MustCompile(`=[A-Za-z][A-Za-z0-9+.-]*://`)

// noCredentials refuses user names and passwords without repeating them.
func noCredentials(text string) error {
	before, query, _ := strings.Cut(text, "?")
	if key, _, _ := strings.Cut(query, "="); strings.Contains(key, "@") || strings.Contains(query, "@") && !plausible(before) {
		before = text // a password with a question mark
	}
	at := strings.LastIndexByte(before, '@')
	if at < 0 {
		return nil
	}
	return fmt.Errorf("route to %q: a route carries no user name or password; the mail client logs in by itself, write SCHEME://HOST", clip(before[at+1:]))
}

// plausible reports whether what stands before a question mark may end in a
// host and a port: behind a user name's colon there is no number.
func plausible(before string) bool {
	_, port, ok := strings.Cut(before[strings.LastIndexAny(before, "/=]")+1:], ":")
	return !ok || digits(port)
}

// parseUpstream takes SCHEME://HOST[:PORT][?options].
func parseUpstream(text string) (Endpoint, Options, error) {
	name, rest, ok := strings.Cut(text, "://")
	if !ok {
		return Endpoint{}, Options{}, schemeless(text)
	}
	s, err := lookup(name)
	if err != nil {
		return Endpoint{}, Options{}, err
	}
	rest, query, _ := strings.Cut(rest, "?")
	host, port, err := authority(rest)
	if err != nil {
		return Endpoint{}, Options{}, err
	}
	e := Endpoint{Proto: s.proto, Mode: s.mode, Port: s.server}
	if e.Host, err = parseHost(host); err != nil {
		return e, Options{}, err
	}
	if e.Host == "" || wildcard(e.Host) {
		return e, Options{}, fmt.Errorf("the upstream has no host; write %s://mail.example.org", s.name)
	}
	if port != "" {
		if e.Port, err = parsePort(port); err != nil {
			return e, Options{}, err
		}
	}
	if e.Port == 0 {
		return e, Options{}, fmt.Errorf("port 0 is no server's port; %s is usually %d", s.name, s.server)
	}
	o, err := parseOptions(query)
	return e, o, err
}

// schemeless says what an upstream without a scheme would be with one.
func schemeless(text string) error {
	text, _, _ = strings.Cut(text, "?")
	parts := strings.Split(text, ":")
	if s, err := lookup(parts[0]); err == nil && len(parts) > 1 { // imaps:host, imaps:/host
		return fmt.Errorf("a scheme is followed by ://; write %s://%s", s.name, clip(strings.TrimLeft(strings.Join(parts[1:], ":"), "/")))
	}
	if _, ok := others[strings.ToLower(parts[0])]; ok {
		_, err := lookup(parts[0])
		return err
	}
	port := parts[len(parts)-1]
	switch {
	case text == "":
		return errors.New("there is no upstream behind the =; write LISTEN=imaps://mail.example.org")
	case len(parts) == 3 && digits(parts[0]): // PORT:HOST:PORT, as ssh -L
		return fmt.Errorf("the upstream has no scheme; write :%s=%s://%s:%s", parts[0], guess(port), clip(parts[1]), port)
	}
	return fmt.Errorf("the upstream has no scheme; write %s://%s", guess(port), clip(text))
}

// parseListen takes HOST:PORT, :PORT, *:PORT or a URL; what it leaves out is as upstream has it.
func parseListen(text string, upstream Endpoint) (Endpoint, error) {
	e := upstream
	e.Port = -1
	name, rest, isURL := strings.Cut(text, "://")
	if isURL {
		s, err := lookup(name)
		if err != nil {
			return e, err
		}
		e.Proto, e.Mode, e.Port = s.proto, s.mode, s.listen
	} else {
		rest = text
	}
	if rest == "" {
		return e, errors.New("the listen side is empty; leave out the = too, or write :PORT, HOST:PORT or a URL")
	}
	host, port, err := authority(rest)
	if err != nil {
		return e, fmt.Errorf("on the listen side: %w", err)
	}
	if port == "" && !isURL {
		return e, portless(rest)
	}
	if port != "" {
		if e.Port, err = parsePort(port); err != nil {
			return e, fmt.Errorf("on the listen side: %w", err)
		}
	}
	if err := e.listenOn(host); err != nil {
		return e, fmt.Errorf("on the listen side: %w", err)
	}
	return e, nil
}

// listenOn sets the host of a listener: nothing is 127.0.0.1 as with ssh -L, "*" all interfaces.
func (e *Endpoint) listenOn(host string) (err error) {
	switch host {
	case "":
		e.Host = defaultHost
	case "*":
		e.Host, e.All = "", true
	default:
		e.Host, err = parseHost(host)
		e.All = wildcard(e.Host)
	}
	return err
}

func portless(text string) error {
	switch {
	case digits(text):
		return fmt.Errorf("the listen side %q has no host; write :%s", clip(text), clip(text))
	case strings.Contains(text, ":") && !strings.HasPrefix(text, "["):
		return fmt.Errorf("an IPv6 address stands in brackets; write [%s]:1993", clip(text))
	}
	return fmt.Errorf("the listen side %q has no port; write %s:1993", clip(text), clip(text))
}

// mixed refuses a route whose sides speak two protocols.
func mixed(r Route, upstream string) error {
	if r.Listen.Proto == r.Upstream.Proto {
		return nil
	}
	right := r.Listen
	right.Proto = r.Upstream.Proto
	return fmt.Errorf("%w: %s for clients, %s on the server; write %s=%s", ErrMixedProtocols,
		r.Listen.Proto.Title(), r.Upstream.Proto.Title(), right, clip(upstream))
}

func listenPort(e Endpoint) int {
	for _, s := range schemes {
		if s.proto == e.Proto && s.mode == e.Mode {
			return s.listen
		}
	}
	return 0
}

// parseOptions takes ca=FILE&insecure=1&name=SERVERNAME&cert=FILE&key=FILE.
func parseOptions(query string) (o Options, err error) {
	if query == "" {
		return o, nil
	}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if seen[key] {
			return o, fmt.Errorf("the option %q stands there twice", clip(key))
		}
		seen[key] = true
		if value, err = url.PathUnescape(value); err != nil {
			return o, fmt.Errorf("option %s: %q is no escape; write %%25 for a percent sign", clip(key), clip(pair))
		}
		if err := o.set(key, value); err != nil {
			return o, err
		}
	}
	if o.Key != "" && o.Cert == "" {
		return o, errors.New("key= needs cert=, the certificate that it belongs to")
	}
	return o, nil
}

func (o *Options) set(key, value string) (err error) {
	if key == "insecure" {
		o.Insecure, err = choice(value)
		return err
	}
	field, ok := map[string]*string{"ca": &o.CA, "name": &o.Name, "cert": &o.Cert, "key": &o.Key}[key]
	if !ok {
		return fmt.Errorf("unknown option %q; a route takes ca, insecure, name, cert and key", clip(key))
	}
	if value == "" {
		return fmt.Errorf("the option %s is empty", key)
	}
	if strings.ContainsRune(value, 0) {
		return fmt.Errorf("the option %s has a NUL in it", key)
	}
	if *field = value; key == "name" {
		o.Name, err = parseHost(value)
	}
	return err
}

func choice(value string) (Choice, error) {
	switch value {
	case "1", "true", "yes", "":
		return Yes, nil
	case "0", "false", "no":
		return No, nil
	}
	return Default, fmt.Errorf("insecure=%q: write insecure=1, or insecure=0", clip(value))
}

func parsePort(text string) (int, error) {
	if !digits(text) {
		return 0, fmt.Errorf("%q is no port; a port is a number from 0 to 65535", clip(text))
	}
	port, err := strconv.Atoi(text)
	if err != nil || port > 65535 {
		return 0, fmt.Errorf("port %s is out of range; ports go to 65535", clip(text))
	}
	return port, nil
}

func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// clip bounds what an error quotes.
func clip(text string) string {
	const most = 120
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// Proto is the protocol that both sides speak.
func (r Route) Proto() event.Proto { return r.Upstream.Proto }
