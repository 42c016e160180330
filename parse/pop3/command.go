package pop3

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// parsed is a client's line as a command.
type parsed struct {
	name  string // upper case; "" where there is no keyword
	known bool
	cmd   Command
	args  []span // in the line
	fault string
}

// span is a part of a line.
type span struct{ off, end int }

func (s span) of(line []byte) []byte { return line[s.off:s.end] }

// keywordMax is the longest word that is taken for a keyword that we do not
// know. Standard ones have three or four letters (RFC 1939 §3).
const keywordMax = 12

// parseCommand reads a client's line. It never fails; fault says what is
// wrong with its syntax, and quotes nothing that could be a password.
func parseCommand(line []byte) parsed {
	end := len(bytes.TrimRight(line, "\r\n"))
	var p parsed
	p.fault = lineEndFault(line)
	off := 0
	for off < end && line[off] == ' ' {
		off++
	}
	if off > 0 && off < end {
		p.fault = "expected a keyword, got SP at offset 0"
	}
	stop := off
	for stop < end && line[stop] != ' ' {
		stop++
	}
	p.keyword(line, off, stop)
	if p.name == "PASS" && stop > off+4 { // "PASS" and something else than a space
		stop = off + 4
		p.fault = fmt.Sprintf("expected SP at offset %d behind PASS", stop)
	}
	p.split(line, stop, end)
	p.check(line, end)
	return p
}

// lineEndFault tells a line that does not end in CRLF.
func lineEndFault(line []byte) string {
	switch {
	case bytes.HasSuffix(line, []byte("\r\n")):
		return ""
	case bytes.HasSuffix(line, []byte("\n")):
		return fmt.Sprintf("expected CRLF, got LF at offset %d", len(line)-1)
	}
	return "the line has no end"
}

// keyword takes line[off:stop] for the name.
func (p *parsed) keyword(line []byte, off, stop int) {
	word := line[off:stop]
	if len(word) >= 4 && strings.EqualFold(string(word[:4]), "PASS") {
		p.name, p.known, p.cmd = "PASS", true, commands["PASS"]
		return
	}
	known := false
	if isKeyword(word) {
		p.name = strings.ToUpper(string(word))
		p.cmd, known = commands[p.name]
	}
	if !known && (p.name == "" || isMixed(word)) {
		if p.fault == "" && len(word) == 0 {
			p.fault = "expected a keyword, got the end of the line"
		}
		p.unnamed(off)
		return
	}
	p.known = known
}

// unnamed says that what stands at off is no keyword.
func (p *parsed) unnamed(off int) {
	p.name = ""
	if p.fault == "" {
		p.fault = fmt.Sprintf("expected a keyword at offset %d", off)
	}
}

// isMixed reports whether a capital stands behind a small letter, as in base64
// and in passwords, but in no keyword.
func isMixed(word []byte) bool {
	small := false
	for _, c := range word {
		if small && 'A' <= c && c <= 'Z' {
			return true
		}
		small = small || 'a' <= c && c <= 'z'
	}
	return false
}

func isKeyword(word []byte) bool {
	if len(word) == 0 || len(word) > keywordMax {
		return false
	}
	for _, c := range word {
		letter := c | 0x20
		if !('a' <= letter && letter <= 'z') && !('0' <= c && c <= '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// split finds the arguments behind the keyword, which ends at off. A row's
// Rest argument takes all that is left, leading spaces but the first included.
func (p *parsed) split(line []byte, off, end int) {
	for off < end {
		if line[off] == ' ' {
			off++
		}
		if p.known && p.cmd.Rest == len(p.args)+1 {
			if off < end {
				p.args = append(p.args, span{off, end})
			}
			return
		}
		stop := off
		for stop < end && line[stop] != ' ' {
			stop++
		}
		if stop > off {
			p.args = append(p.args, span{off, stop})
		} else if p.fault == "" && p.known { // of others, what is masked must not tell
			p.fault = fmt.Sprintf("expected an argument, got SP or the end at offset %d", off)
		}
		if len(p.args) > maxArgs {
			return
		}
		off = stop
	}
}

// maxArgs bounds what is kept of a line of nothing but arguments.
const maxArgs = 64

// check holds the arguments against the command's row.
func (p *parsed) check(line []byte, end int) {
	if p.fault != "" || !p.known {
		return
	}
	n := len(p.args)
	switch {
	case n < p.cmd.Min:
		p.fault = fmt.Sprintf("in %s: expected %s, got %d", p.name, arguments(p.cmd.Min), n)
	case n > p.cmd.Max && p.cmd.Max == 0:
		p.fault = fmt.Sprintf("in %s: expected CRLF, got an argument at offset %d", p.name, p.args[0].off)
	case n > p.cmd.Max:
		p.fault = fmt.Sprintf("in %s: expected at most %s, got %d", p.name, arguments(p.cmd.Max), n)
	case len(line) > limit(p.name):
		p.fault = fmt.Sprintf("line of %d octets is over the limit of %d", len(line), limit(p.name))
	}
	for i := 0; i < p.cmd.Numbers && i < n && p.fault == ""; i++ {
		if _, ok := number(p.args[i].of(line)); !ok {
			p.fault = fmt.Sprintf("in %s: expected a number at offset %d", p.name, p.args[i].off)
		}
	}
}

// limit is the longest line of a command, CRLF included: RFC 2449 §4, and for
// SASL RFC 5034 §4.
func limit(name string) int {
	if name == "AUTH" {
		return 12288
	}
	return 255
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

// number reads a message-number, a size or a count.
func number(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(text) > 18 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil
}
