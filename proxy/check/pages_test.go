package check

import (
	"fmt"
	"strings"
)

// server is an incomingServer of an autoconfig file.
type server struct {
	kind, host string
	port       int
	socket     string
	auth       string
}

func configXML(servers ...server) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="example.test"><domain>example.test</domain>`)
	for _, s := range servers {
		fmt.Fprintf(&b, `<incomingServer type="%s"><hostname>%s</hostname><port>%d</port><socketType>%s</socketType><authentication>%s</authentication><username>%%EMAILADDRESS%%</username></incomingServer>`,
			s.kind, s.host, s.port, s.socket, s.auth)
	}
	b.WriteString(`<outgoingServer type="smtp"><hostname>smtp.example.test</hostname><port>465</port><socketType>SSL</socketType></outgoingServer></emailProvider></clientConfig>`)
	return b.String()
}
