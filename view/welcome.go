package view

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// welcome is the first view while no session has come: what to type into the
// mail client, how to trust the CA, and lines to try it with; for a screen of w
// columns.
func (a *App) welcome(w int) []string {
	if len(a.model.Listening) == 0 {
		if a.options.Live {
			return []string{"waiting for mailtap"}
		}
		if a.ended == nil {
			return []string{"reading " + a.options.Title}
		}
		return []string{"no session in " + a.options.Title}
	}
	lines := append([]string{"No session yet. In the mail client's account, set:", ""}, a.settings(w)...)
	if ca := a.options.CAFile; ca != "" {
		how := "import this file:"
		if len(a.options.Trust) > 0 {
			how = "with this command, or import the file:"
		}
		lines = append(lines, "", "Let it trust mailtap's certificate authority: "+how, "")
		if len(a.options.Trust) > 0 {
			lines = append(lines, "  "+shellLine(a.options.Trust))
		}
		lines = append(lines, "  "+ca)
	}
	return append(append(lines, "", "Or try it from another terminal: y copies the line", ""), a.trials()...)
}

// settings are the listeners in a table: what the client asks for, and where
// there is room, which server that leads to.
func (a *App) settings(w int) []string {
	rows := [][]string{{"server", "port", "security", "is relayed to"}}
	for _, e := range a.model.Listening {
		server, port, _ := strings.Cut(e.Route.Settings, ", port ")
		port, security, _ := strings.Cut(port, ", connection security ")
		rows = append(rows, []string{strings.TrimPrefix(server, "server "), port, security, e.Route.Upstream})
	}
	var wide [3]int
	for _, row := range rows {
		for i := range wide {
			wide[i] = max(wide[i], widget.Width(row[i]))
		}
	}
	var lines []string
	for _, row := range rows {
		line := "  "
		for i := range wide {
			line += widget.Pad(row[i], wide[i]) + "  "
		}
		if w >= leastTable {
			line += row[3]
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// trials are lines that try each listener from a shell, and talk to one by hand.
func (a *App) trials() []string {
	var lines []string
	for _, e := range a.model.Listening {
		lines = append(lines, "  "+a.curl(e))
	}
	for _, e := range a.model.Listening {
		if by := a.openssl(e); by != "" {
			return append(lines, "  "+by, "    and then type: "+typing(e))
		}
	}
	return lines
}

// curl lists what the account has by a listener. It asks for the password.
func (a *App) curl(e *event.Event) string {
	scheme, proto, upgrade := schemeOf(e)
	line := "curl -v"
	if scheme != proto || upgrade {
		if ca := a.options.CAFile; ca != "" {
			line += " --cacert " + quoted(ca)
		}
		if upgrade {
			line, scheme = line+" --ssl-reqd", proto
		}
	}
	return line + " -u USER " + quoted(scheme+"://"+reached(e)+"/")
}

// openssl opens a connection over TLS to type into, or is "" without TLS.
func (a *App) openssl(e *event.Event) string {
	scheme, proto, upgrade := schemeOf(e)
	if scheme == proto && !upgrade {
		return ""
	}
	line := "openssl s_client -quiet -crlf"
	if upgrade {
		line += " -starttls " + proto
	}
	if ca := a.options.CAFile; ca != "" {
		line += " -CAfile " + quoted(ca)
	}
	return line + " -connect " + quoted(reached(e))
}

// typing is what a user can say over such a connection.
func typing(e *event.Event) string {
	if _, proto, _ := schemeOf(e); proto == "pop3" {
		return "USER name, PASS word, LIST, QUIT"
	}
	return "1 LOGIN user password, 2 SELECT INBOX, 3 LOGOUT"
}

// schemeOf takes the scheme of a listener apart: imaps is IMAP,
// imap+starttls is IMAP with an upgrade.
func schemeOf(e *event.Event) (scheme, proto string, upgrade bool) {
	scheme, _, _ = strings.Cut(e.Route.Listen, "://")
	proto, _, upgrade = strings.Cut(scheme, "+")
	return scheme, strings.TrimSuffix(proto, "s"), upgrade
}

// reached is the listener's HOST:PORT for a client on its machine.
func reached(e *event.Event) string {
	at := hostPort(e.Route.Listen)
	for _, all := range []string{"*:", "0.0.0.0:", "[::]:"} {
		if port, ok := strings.CutPrefix(at, all); ok {
			return "127.0.0.1:" + port
		}
	}
	return at
}

// shellLine is a command as it is typed.
func shellLine(words []string) string {
	line := ""
	for _, w := range words {
		line += " " + quoted(w)
	}
	return line[1:]
}

// quoted is text as one word of a shell.
func quoted(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
