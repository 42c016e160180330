package view

import (
	"strings"

	"mailtap/parse/event"
)

// welcome is the first view while no session has come: where mailtap listens,
// what to type into the mail client, how to trust the CA, and lines to try it with.
func (a *App) welcome() []string {
	if len(a.model.Listening) == 0 {
		if a.options.Live {
			return []string{"waiting for mailtap"}
		}
		return []string{"no session in " + a.options.Title}
	}
	lines := []string{"No session yet. Let a mail client connect to:"}
	for _, e := range a.model.Listening {
		lines = append(lines, "", e.Route.Listen+"  →  "+e.Route.Upstream)
		if e.Route.Settings != "" {
			lines = append(lines, "  "+e.Route.Settings)
		}
		for _, l := range a.trials(e) {
			lines = append(lines, "  "+l)
		}
	}
	if a.options.CAFile != "" {
		lines = append(lines, "", "The client has to trust mailtap's certificate: mailtap ca trust, or import", "  "+a.options.CAFile)
	}
	return lines
}

// trials are lines that try a listener from a shell.
func (a *App) trials(e *event.Event) []string {
	scheme, _, _ := strings.Cut(e.Route.Listen, "://")
	host := hostPort(e.Route.Listen)
	proto, upgrade, _ := strings.Cut(scheme, "+")
	ca := ""
	if a.options.CAFile != "" {
		ca = " -CAfile " + a.options.CAFile
	}
	switch {
	case strings.HasSuffix(scheme, "s") && upgrade == "":
		return []string{"openssl s_client -quiet -crlf -connect " + host + ca, "curl -v" + strings.Replace(ca, " -CAfile", " --cacert", 1) + " " + scheme + "://" + host + "/ -u USER"}
	case upgrade != "":
		return []string{"openssl s_client -quiet -crlf -starttls " + proto + " -connect " + host + ca}
	}
	return []string{"curl -v " + proto + "://" + host + "/ -u USER"}
}
