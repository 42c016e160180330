package check

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"mailtap/parse/event"
)

// inject tests whether a command that is sent in the clear behind STARTTLS, in
// one packet, is answered inside TLS, or in the clear before it: then somebody
// on the way can put commands into a session that believes to be safe
// (RFC 9051 §6.2.1, CVE-2011-0411, CVE-2021-33515).
func (c *checker) inject(ctx context.Context, s *Server) {
	test := Test{Name: upgradeCommand(s.endpoint.Proto) + " injection"}
	defer func() { s.Intrusive = append(s.Intrusive, test) }()
	conn, err := c.again(ctx, s)
	if err != nil {
		test.Saw = "it could not be made: " + clean(err.Error())
		return
	}
	k := newTalk(conn, s.endpoint.Proto, s.URL, c.Timeout, nil)
	defer func() { k.conn.Close(); k.parse.Close() }()
	if g, err := k.greet(); err != nil || g.Kind != event.KindGreeting {
		test.Saw = "it could not be made: there was no greeting"
		return
	}
	payload, probe, mark := injection(s.endpoint.Proto)
	k.conn.SetDeadline(time.Now().Add(c.Timeout))
	if _, err := k.conn.Write([]byte(payload)); err != nil {
		test.Saw = "it could not be made: " + clean(err.Error())
		return
	}
	clear := k.lineOf()
	if !positive(clear) {
		test.Passed, test.Saw = true, fmt.Sprintf("the server refuses the upgrade then: %q", clean(firstLine(clear)))
		return
	}
	if i := bytes.IndexByte(clear, '\n'); i+1 < len(clear) {
		test.Saw = fmt.Sprintf("the server answers the second command in the clear: %q", clean(firstLine(clear[i+1:])))
		s.find("starttls.injection", test.Saw).advice = injectionAdvice
		return
	}
	if _, err := k.secure(ctx, c.upstream(s)); err != nil {
		test.Passed, test.Saw = true, "the server ends the session then"
		return
	}
	k.conn.SetDeadline(time.Now().Add(c.Timeout))
	if _, err := k.conn.Write([]byte(probe)); err != nil {
		test.Passed, test.Saw = true, "the server ends the session then"
		return
	}
	said := k.until(mark)
	if bytes.Contains(said, []byte(injected)) || s.endpoint.Proto == event.POP3 && bytes.Count(said, []byte("\n.\r\n")) > 1 {
		test.Saw = "a command sent in the clear behind it is answered inside TLS"
		s.find("starttls.injection", test.Saw).advice = injectionAdvice
		return
	}
	test.Passed, test.Saw = true, "what stands behind it in the clear is thrown away"
}

const (
	injected        = "mailtap-injected"
	injectionAdvice = "update the server: it must throw away what it has read before TLS began; until then use the port for SSL/TLS"
)

// injection is what is sent in the clear, what inside TLS, and what the answer
// to that ends with.
func injection(proto event.Proto) (payload, probe, mark string) {
	if proto == event.POP3 {
		return "STLS\r\nCAPA\r\n", "CAPA\r\nQUIT\r\n", ""
	}
	return "m1 STARTTLS\r\n" + injected + " NOOP\r\n", "m2 LOGOUT\r\n", "m2 "
}

// lineOf reads what comes until a line is whole, and a little longer: what is
// behind it is what the test is about.
func (k *talk) lineOf() []byte {
	var all []byte
	buf := make([]byte, 4096)
	for len(all) < maxBody {
		n, err := k.conn.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			return all
		}
		if bytes.IndexByte(all, '\n') >= 0 {
			k.conn.SetReadDeadline(time.Now().Add(min(k.limit, 300*time.Millisecond)))
		}
	}
	return all
}

// until reads up to a line that begins with mark, or to the end.
func (k *talk) until(mark string) []byte {
	var all []byte
	buf := make([]byte, 4096)
	for len(all) < maxBody {
		n, err := k.conn.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil || mark != "" && (bytes.HasPrefix(all, []byte(mark)) || bytes.Contains(all, []byte("\n"+mark))) {
			break
		}
	}
	return all
}

// positive reports whether an answer, its tag aside, is OK or +OK.
func positive(line []byte) bool {
	return bytes.HasPrefix(line, []byte("+OK")) || bytes.HasPrefix(line, []byte("m1 OK"))
}
