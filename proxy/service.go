package proxy

import (
	"bytes"
	"fmt"

	"mailtap/parse/event"
	"mailtap/proxy/tlsfacts"
)

// service is how a protocol's server begins to speak.
type service struct {
	prefix string
	name   string
	ports  string
	proto  event.Proto
}

var services = []service{
	{"* OK", "IMAP", "143 or 993", event.IMAP},
	{"* PREAUTH", "IMAP", "143 or 993", event.IMAP},
	{"* BYE", "IMAP", "143 or 993", event.IMAP},
	{"+OK", "POP3", "110 or 995", event.POP3},
	{"-ERR", "POP3", "110 or 995", event.POP3},
	{"220", "SMTP (or FTP)", "587, 465 or 25", event.ProtoNone},
	{"421", "SMTP (or FTP)", "587, 465 or 25", event.ProtoNone},
	{"554", "SMTP", "587, 465 or 25", event.ProtoNone},
	{"200", "NNTP", "119 or 563", event.ProtoNone},
	{"201", "NNTP", "119 or 563", event.ProtoNone},
	{"HTTP/", "HTTP", "80 or 443", event.ProtoNone},
	{"<!DOCTYPE", "HTTP", "80 or 443", event.ProtoNone},
	{"<html", "HTTP", "80 or 443", event.ProtoNone},
	{"SSH-", "SSH", "22", event.ProtoNone},
	{"RFB ", "VNC", "5900", event.ProtoNone},
	{"\"IMPLEMENTATION\"", "ManageSieve", "4190", event.ProtoNone},
	{"\x15\x03", "TLS", "993 or 995", event.ProtoNone},
	{"\x16\x03", "TLS", "993 or 995", event.ProtoNone},
}

// serviceOf names the service that begins with data, if that is known for
// certain and is not proto's; "" otherwise. Half a prefix is no certainty.
func serviceOf(data []byte, proto event.Proto) string {
	if s := lookupService(data); s != nil && s.proto != proto || s != nil && proto == event.ProtoNone {
		return s.name
	}
	return ""
}

func lookupService(data []byte) *service {
	for i := range services {
		if bytes.HasPrefix(data, []byte(services[i].prefix)) {
			return &services[i]
		}
	}
	return nil
}

// fits reports whether the first octets of a side are of the route's protocol.
// If not, the session fails: what was sent goes to nobody.
func (s *session) fits(from *leg, data []byte) bool {
	if from.side == event.SideClient {
		return s.fitsClient(data)
	}
	if s.heard() {
		return true
	}
	other := serviceOf(data, s.proto)
	if other == "" {
		return true
	}
	what := lookupService(data)
	s.guard(func() { s.parse.ServerLeg(data, clock()) })
	if what.name == "TLS" {
		s.fail("proto.wrong-service", fmt.Sprintf("%s speaks TLS from the first octet", s.place()),
			fmt.Sprintf("%s speaks TLS from the first octet; use %vs:// for it", s.place(), s.proto))
		return false
	}
	s.fail("proto.wrong-service", fmt.Sprintf("%s is a server for %s, whose ports are %s", s.place(), other, what.ports),
		fmt.Sprintf("%s answers as a server for %s, not %s", s.place(), other, s.proto.Title()))
	return false
}

// fitsClient looks for a client that begins TLS where nobody asked it to.
func (s *session) fitsClient(data []byte) bool {
	first := !s.spoken
	s.spoken = true
	if !first || s.client.tls != nil || !tlsfacts.BeginsHandshake(data) {
		return true
	}
	s.drop(event.SideClient, data, "they begin TLS on a port that begins in the clear")
	f := tlsfacts.TLSOnPlain()
	s.failedTLS(event.SideClient, f)
	s.failTLS(event.SideClient, f, "this port begins in the clear; set the client's connection security to STARTTLS")
	return false
}

func (s *session) heard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeted
}
