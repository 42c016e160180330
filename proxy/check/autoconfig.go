package check

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/route"
)

// maxOffers bounds how many servers of one source are looked at.
const maxOffers = 16

// clientConfig is the file of Mozilla's autoconfig, version 1.1, as far as
// reading mail is concerned.
type clientConfig struct {
	XMLName   xml.Name         `xml:"clientConfig"`
	Providers []configProvider `xml:"emailProvider"`
}

type configProvider struct {
	ID       string         `xml:"id,attr"`
	Domains  []string       `xml:"domain"`
	Incoming []configServer `xml:"incomingServer"`
	Outgoing []configServer `xml:"outgoingServer"`
}

type configServer struct {
	Type   string   `xml:"type,attr"`
	Host   string   `xml:"hostname"`
	Port   string   `xml:"port"`
	Socket string   `xml:"socketType"`
	User   string   `xml:"username"`
	Auth   []string `xml:"authentication"`
}

// errNoXML is a page that is something else: many web servers answer every
// path with a page for people.
var errNoXML = errors.New("a web page, not a configuration")

// parseXML reads a document in UTF-8 or ASCII without anything outside itself.
func parseXML(data []byte, into any) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("charset %q; UTF-8 is expected", label)
	}
	return d.Decode(into)
}

// readAutoconfig takes the servers out of a clientConfig for domain.
func readAutoconfig(data []byte, domain string, s *Source) error {
	var config clientConfig
	if err := parseXML(data, &config); err != nil {
		if !bytes.Contains(data, []byte("<clientConfig")) {
			return errNoXML
		}
		return err
	}
	for _, p := range config.Providers {
		for _, in := range p.Incoming {
			s.addConfigured(in, domain)
		}
		for _, out := range p.Outgoing {
			scheme := map[string]string{"SSL": "submissions"}[strings.ToUpper(out.Socket)]
			if scheme == "" {
				scheme = "submission"
			}
			s.mention(scheme, fill(out.Host, domain), out.Port)
		}
	}
	if len(s.Offers) == 0 && s.Note == "" {
		s.Note = "it names no IMAP or POP3 server"
	}
	return nil
}

// sockets are the values of socketType.
var sockets = map[string]route.Mode{"SSL": route.Implicit, "TLS": route.Implicit, "STARTTLS": route.StartTLS, "PLAIN": route.Cleartext}

func (s *Source) addConfigured(in configServer, domain string) {
	proto := event.ParseProto(strings.ToLower(strings.TrimSpace(in.Type)))
	mode, known := sockets[strings.ToUpper(strings.TrimSpace(in.Socket))]
	if proto == event.ProtoNone { // Exchange and others
		return
	}
	if !known {
		s.flaw("socketType %q is none of SSL, STARTTLS and plain", in.Socket)
		return
	}
	var auth []string
	for _, a := range in.Auth {
		auth = append(auth, clean(strings.TrimSpace(a)))
	}
	s.offer(proto, mode, fill(in.Host, domain), in.Port, strings.TrimSpace(in.User), auth)
}

// fill puts the domain where a configuration has a placeholder.
func fill(text, domain string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "%EMAILDOMAIN%", domain)
}

// offer adds a server, if what names it makes sense.
func (s *Source) offer(proto event.Proto, mode route.Mode, host, port, user string, auth []string) {
	e, err := endpointOf(proto, mode, host, port)
	if err != nil {
		s.flaw("%v", err)
		return
	}
	if len(s.Offers) < maxOffers {
		s.Offers = append(s.Offers, Offer{URL: e.String(), User: clean(user), Auth: auth, endpoint: e})
	}
}

// endpointOf makes an endpoint of what a source says.
func endpointOf(proto event.Proto, mode route.Mode, host, port string) (route.Endpoint, error) {
	name, none, err := parseHost(strings.TrimSpace(host))
	var e route.Endpoint
	if err != nil || none != 0 {
		return e, fmt.Errorf("%q is no host name", host)
	}
	var n int
	if _, err := fmt.Sscanf(strings.TrimSpace(port), "%d", &n); err != nil || n < 1 || n > 65535 {
		return e, fmt.Errorf("%q is no port", port)
	}
	return route.Endpoint{Proto: proto, Mode: mode, Host: name, Port: n}, nil
}

// flaw notes that a source is there and says something that clients cannot use.
func (s *Source) flaw(format string, args ...any) {
	s.Broken = true
	if s.Note == "" {
		s.Note = clean(fmt.Sprintf(format, args...))
	}
}

// mention notes a server for sending, which is not asked.
func (s *Source) mention(scheme, host, port string) {
	if host != "" && len(s.Submission) < maxOffers {
		s.Submission = append(s.Submission, clean((&url.URL{Scheme: scheme, Host: host + ":" + strings.TrimSpace(port)}).String()))
	}
}

// clean is what a peer said as text for people.
func clean(text string) string {
	const most = 300
	text = wire.Escape([]byte(text))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
