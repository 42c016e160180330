package check

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

const (
	outlookRequest  = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	outlookResponse = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// discovered is the answer of Autodiscover in its "plain old XML" form, which
// is the one that names IMAP and POP3 servers ([MS-OXDSCLI] 2.2.4).
type discovered struct {
	XMLName xml.Name `xml:"Autodiscover"`
	Failed  *struct {
		Code    string `xml:"ErrorCode"`
		Message string `xml:"Message"`
	} `xml:"Response>Error"`
	Account struct {
		Type         string               `xml:"AccountType"`
		Action       string               `xml:"Action"`
		RedirectURL  string               `xml:"RedirectUrl"`
		RedirectAddr string               `xml:"RedirectAddr"`
		Protocols    []discoveredProtocol `xml:"Protocol"`
	} `xml:"Response>Account"`
}

type discoveredProtocol struct {
	Type       string `xml:"Type"`
	Server     string `xml:"Server"`
	Port       string `xml:"Port"`
	SSL        string `xml:"SSL"`
	Encryption string `xml:"Encryption"`
	SPA        string `xml:"SPA"`
	LoginName  string `xml:"LoginName"`
}

// autodiscoverRequest asks for the settings of an address.
func autodiscoverRequest(address string) string {
	var escaped bytes.Buffer
	xml.EscapeText(&escaped, []byte(address)) // writing to a Buffer cannot fail
	return xml.Header + `<Autodiscover xmlns="` + outlookRequest + `"><Request><EMailAddress>` + escaped.String() +
		`</EMailAddress><AcceptableResponseSchema>` + outlookResponse + `</AcceptableResponseSchema></Request></Autodiscover>` + "\n"
}

// readAutodiscover takes the servers out of an answer. redirect is the URL that
// it names instead.
func readAutodiscover(data []byte, s *Source) (redirect string, err error) {
	var answer discovered
	if err := parseXML(data, &answer); err != nil {
		if !bytes.Contains(data, []byte("<Autodiscover")) {
			return "", errNoXML
		}
		return "", err
	}
	if f := answer.Failed; f != nil {
		s.Note = clean(fmt.Sprintf("error %s: %s", f.Code, f.Message))
		return "", nil
	}
	a := answer.Account
	switch strings.ToLower(a.Action) {
	case "redirecturl":
		return strings.TrimSpace(a.RedirectURL), nil
	case "redirectaddr":
		s.Note = clean("it sends clients to the settings of " + a.RedirectAddr)
		return "", nil
	}
	for _, p := range a.Protocols {
		s.addDiscovered(p)
	}
	if len(s.Offers) == 0 && s.Note == "" {
		s.Note = "it names no IMAP or POP3 server"
	}
	return "", nil
}

func (s *Source) addDiscovered(p discoveredProtocol) {
	kind := strings.ToLower(strings.TrimSpace(p.Type))
	if kind == "smtp" {
		s.mention("submission", p.Server, p.Port)
		return
	}
	proto := event.ParseProto(kind)
	if proto == event.ProtoNone {
		return
	}
	var auth []string
	if strings.EqualFold(p.SPA, "on") {
		auth = []string{"NTLM"}
	}
	s.offer(proto, p.mode(), p.Server, p.Port, p.LoginName, auth)
}

// mode is how the port is secured. Encryption, where it is there, has the last
// word; SSL is on where nothing is said ([MS-OXDSCLI] 2.2.4.1.1.2.6.43).
func (p discoveredProtocol) mode() route.Mode {
	switch strings.ToLower(strings.TrimSpace(p.Encryption)) {
	case "ssl":
		return route.Implicit
	case "tls":
		return route.StartTLS
	case "none":
		return route.Cleartext
	}
	if strings.EqualFold(strings.TrimSpace(p.SSL), "off") {
		return route.Cleartext
	}
	if port := strings.TrimSpace(p.Port); port == "143" || port == "110" {
		return route.StartTLS
	}
	return route.Implicit
}
