package proxy

import (
	"net"
	"strings"
	"testing"

	"mailtap/parse/event"
)

// dialect is how a protocol says what the pairs' test is about.
type dialect struct {
	implicit, clear, starttls string // schemes

	greeting string
	ask      string   // for the capabilities
	plain    []string // the answer of a server in the clear, that offers the upgrade
	inside   []string // and of one inside TLS
	upgrade  string
	begin    string // OK to it
	login    string
	in       string // OK to that
	bye      string // a command that ends
	byeOK    string
}

var imapDialect = dialect{
	implicit: "imaps", clear: "imap", starttls: "imap+starttls",
	greeting: "* OK ready", ask: "a1 CAPABILITY",
	plain:   []string{"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED X", "a1 OK done"},
	inside:  []string{"* CAPABILITY IMAP4rev1 AUTH=PLAIN X", "a1 OK done"},
	upgrade: "a2 STARTTLS", begin: "a2 OK begin",
	login: "a3 LOGIN alice secret", in: "a3 OK in", bye: "a4 LOGOUT", byeOK: "a4 OK bye",
}

var pop3Dialect = dialect{
	implicit: "pop3s", clear: "pop3", starttls: "pop3+starttls",
	greeting: "+OK ready <1.2@example.org>", ask: "CAPA",
	plain:   []string{"+OK", "STLS", "TOP", "."},
	inside:  []string{"+OK", "USER", "SASL PLAIN", "TOP", "."},
	upgrade: "STLS", begin: "+OK begin",
	login: "APOP alice c4c9334bac560ecc979e58001b3e22fb", in: "+OK in", bye: "QUIT", byeOK: "+OK bye",
}

// server plays a server of mode upstream. own is what mailtap asks itself.
func (d *dialect) server(upstream string) func(p *peer) {
	return func(p *peer) {
		secure := upstream == d.implicit
		p.send(d.greeting)
		for {
			line, err := p.in.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimRight(line, "\r\n")
			tag, word := "", line
			if strings.HasPrefix(d.greeting, "* ") {
				tag, word, _ = strings.Cut(line, " ")
				tag += " "
			}
			answer := func(lines []string) {
				last := len(lines) - 1
				if tag != "" {
					lines = append(append([]string(nil), lines[:last]...), strings.Replace(lines[last], "a1 ", tag, 1))
				}
				p.send(lines...)
			}
			switch word = strings.ToUpper(word); {
			case word == "CAPABILITY" || word == "CAPA":
				if secure {
					answer(d.inside)
				} else {
					answer(d.plain)
				}
			case word == "STARTTLS" || word == "STLS":
				p.send(strings.Replace(d.begin, "a2 ", tag, 1))
				if secure = p.serverTLS(); !secure {
					return
				}
			case strings.HasPrefix(word, "LOGIN"), strings.HasPrefix(word, "APOP"):
				if !secure && upstream != d.clear {
					p.t.Errorf("a login in the clear: %q", line)
				}
				p.send(d.in)
			case word == "LOGOUT" || word == "QUIT":
				p.send(strings.Replace(d.byeOK, "a4 ", tag, 1))
				return
			default:
				p.t.Errorf("the server got %q", line)
				p.send(tag + "BAD what")
			}
		}
	}
}

// TestPairs plays the nine pairs of CONTRACT section 1's table, both protocols.
func TestPairs(t *testing.T) {
	const mailtapBegin = "mailtap: begin TLS negotiation now"
	for _, d := range []*dialect{&imapDialect, &pop3Dialect} {
		imap := d == &imapDialect
		offered := func(lines []string, extra string) []string { // the server's answer, with mailtap's offer
			out := append([]string(nil), lines...)
			if imap {
				out[0] += strings.TrimRight(" "+extra, " ")
				return out
			}
			return append(out[:len(out)-1], "STLS", ".")
		}
		required := []string{"* CAPABILITY IMAP4rev1 X STARTTLS LOGINDISABLED", "a1 OK done"}
		hidden := []string{"* CAPABILITY IMAP4rev1 X", "a1 OK done"}
		privacy := "a3 NO [PRIVACYREQUIRED] mailtap: this route requires TLS; switch STARTTLS on in the client and log in after it"
		begin, active := "a2 OK "+mailtapBegin, "a2 BAD mailtap: TLS is already active"
		own := "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN X] ready"
		requiredPlain := []string{"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED X", "a1 OK done"}
		if !imap {
			required, hidden = []string{"+OK", "TOP", "STLS", "."}, []string{"+OK", "TOP", "."}
			privacy = "-ERR [AUTH] mailtap: this route requires TLS; switch STARTTLS on in the client and log in after it"
			begin, active = "+OK "+mailtapBegin, "-ERR mailtap: TLS is already active"
			own = d.greeting
			requiredPlain = d.plain
		}
		tests := []struct {
			listen, upstream string
			greeting         string
			capabilities     []string // before the client's upgrade, if it makes one
			refused          string   // the login before it
			upgrade          string   // what STARTTLS is answered with; "" the client does not ask
			after            []string // capabilities after it
			finding          []string
		}{
			{d.implicit, d.implicit, d.greeting, d.inside, "", "", nil, nil},
			{d.implicit, d.clear, d.greeting, hidden, "", active, hidden, []string{"tls.upstream.cleartext"}},
			{d.implicit, d.starttls, own, d.inside, "", "", nil, nil},
			{d.clear, d.implicit, d.greeting, offered(d.inside, "STARTTLS"), "", begin, d.inside, nil},
			{d.clear, d.clear, d.greeting, d.plain, "", d.begin, d.inside, nil},
			{d.clear, d.starttls, d.greeting, offered(d.inside, "STARTTLS"), "", begin, d.inside, nil},
			{d.starttls, d.implicit, d.greeting, required, privacy, begin, d.inside, []string{"starttls.required"}},
			{d.starttls, d.clear, d.greeting, requiredPlain, privacy, begin, d.inside, []string{"starttls.required"}},
			{d.starttls, d.starttls, d.greeting, required, privacy, begin, d.inside, []string{"starttls.required"}},
		}
		for _, tt := range tests {
			t.Run(tt.listen+"="+tt.upstream, func(t *testing.T) {
				r := newRig(t, tt.listen, tt.upstream, d.server(tt.upstream), nil)
				c := r.client()
				if tt.listen == d.implicit {
					c.clientTLS()
				}
				c.want(tt.greeting)
				c.send(d.ask)
				c.want(tt.capabilities...)
				if tt.refused != "" {
					c.send(d.login)
					c.want(tt.refused)
				}
				if tt.upgrade != "" {
					c.send(d.upgrade)
					c.want(tt.upgrade)
					if tt.upgrade != active {
						c.clientTLS()
						if err := c.cert.VerifyHostname("127.0.0.1"); err != nil {
							t.Errorf("the leaf: %v", err)
						}
					}
					c.send(d.ask)
					c.want(tt.after...)
				}
				c.send(d.login)
				c.want(d.in)
				c.send(d.bye)
				c.want(d.byeOK)
				c.wantEnd()
				r.end()
				wantFindings(t, r.record, tt.finding...)
				closed := r.record.closes()
				if len(closed) != 1 || closed[0].Close.By != event.SideServer {
					t.Errorf("closed: %+v", closed)
				}
				if text := strings.Join(r.record.lines(), "\n"); strings.Contains(text, "secret") {
					t.Errorf("a password is on record:\n%s", text)
				}
			})
		}
	}
}

// A client that gives up STARTTLS may log in where the route does not require it.
func TestClearLogin(t *testing.T) {
	r := newRig(t, "imap", "imap", imapDialect.server("imap"), nil)
	c := r.client()
	c.want(imapDialect.greeting)
	c.send(imapDialect.login)
	c.want(imapDialect.in)
	c.send(imapDialect.bye)
	c.want(imapDialect.byeOK)
	c.wantEnd()
	r.end()
	wantFindings(t, r.record)
}

// Two routes of one process, IPv4 and IPv6.
func TestRoutes(t *testing.T) {
	if ln, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		ln.Close()
	}
	r := newRig(t, "imap", "imap", imapDialect.server("imap"), func(c *Config) {
		second := c.Routes[0]
		second.Listen.Host = "::1"
		c.Routes = append(c.Routes, second)
	})
	for i := range 2 {
		listening := r.proxy.Listening()[i].Route
		conn, err := net.Dial("tcp", strings.TrimPrefix(listening.Listen, "imap://"))
		if err != nil {
			t.Fatal(err)
		}
		c := newPeer(t, "client", conn)
		c.want("* OK ready")
		c.send("a1 LOGOUT")
		c.want("a1 OK bye")
		c.wantEnd()
		_, port, _ := net.SplitHostPort(conn.RemoteAddr().String())
		if want := ", port " + port + ", connection security none"; !strings.HasSuffix(listening.Settings, want) {
			t.Errorf("settings %q, want %q at the end", listening.Settings, want)
		}
	}
	r.end()
}
