package check

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
)

// tls is script inside TLS, with a good certificate for mail.example.test.
func (l *lab) tls(serve func(net.Conn, *bufio.Scanner)) int {
	config := l.cert(90*days, "mail.example.test")
	return l.script(func(conn net.Conn, _ *bufio.Scanner) {
		inside := tls.Server(conn, config)
		serve(inside, bufio.NewScanner(inside))
	})
}

// upgrading is an IMAP server with STARTTLS. early is what it sends behind its
// answer, outside TLS. Where it keeps, commands that stood behind STARTTLS in
// the clear are answered inside TLS, as a faulty server does.
func upgrading(config *tls.Config, early string, keeps bool) func(net.Conn, *bufio.Scanner) {
	return func(conn net.Conn, _ *bufio.Scanner) {
		fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n")
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			first, rest, _ := strings.Cut(string(buf[:n]), "\r\n")
			tag, command, _ := strings.Cut(first, " ")
			if command != "STARTTLS" {
				fmt.Fprintf(conn, "%s OK done\r\n", tag)
				continue
			}
			fmt.Fprintf(conn, "%s OK go on\r\n%s", tag, early)
			inside := tls.Server(conn, config)
			if inside.Handshake() != nil {
				return
			}
			if keeps && rest != "" {
				reply(inside, strings.TrimSuffix(rest, "\r\n"))
			}
			for lines := bufio.NewScanner(inside); lines.Scan(); {
				reply(inside, lines.Text())
			}
			return
		}
	}
}

func reply(conn net.Conn, line string) {
	tag, command, _ := strings.Cut(line, " ")
	if command == "CAPABILITY" {
		fmt.Fprint(conn, "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
	}
	fmt.Fprintf(conn, "%s OK done\r\n", tag)
}

// upgradingPOP3 is a POP3 server with STLS. Where it keeps, commands that stood
// behind STLS in the clear are answered inside TLS.
func upgradingPOP3(config *tls.Config, keeps bool) func(net.Conn, *bufio.Scanner) {
	answer := func(conn net.Conn, command string) {
		fmt.Fprint(conn, "+OK\r\n")
		if command == "CAPA" {
			fmt.Fprint(conn, "STLS\r\nUSER\r\n.\r\n")
		}
	}
	return func(conn net.Conn, _ *bufio.Scanner) {
		answer(conn, "")
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			first, rest, _ := strings.Cut(string(buf[:n]), "\r\n")
			answer(conn, first)
			if first != "STLS" {
				continue
			}
			inside := tls.Server(conn, config)
			if inside.Handshake() != nil {
				return
			}
			if keeps && rest != "" {
				answer(inside, strings.TrimSuffix(rest, "\r\n"))
			}
			for lines := bufio.NewScanner(inside); lines.Scan() && lines.Text() != "QUIT"; {
				answer(inside, lines.Text())
			}
			return
		}
	}
}
