package syntax

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// suites is where other projects' cases are, where they are.
const suites = "../../../../shared/suites"

type suiteCase struct {
	Proto, Dir, Source, Test, Production, Validity, Wrapped string

	Bytes []byte `json:"bytes_b64"`
}

// readSuite reads the IMAP cases of one file; the test is skipped where it is absent.
func readSuite(t *testing.T, name string) []suiteCase {
	t.Helper()
	f, err := os.Open(filepath.Join(suites, name))
	if err != nil {
		t.Skipf("other projects' cases are not here: %v", err)
	}
	defer f.Close()
	var cases []suiteCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c suiteCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Proto == "imap" {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		t.Fatalf("%s has no case", name)
	}
	return cases
}

// clientData is lines that are no commands: what they are the session knows.
const clientData = "client data, not a command: parse/imap says so"

// wrong is the cases whose verdict we do not share, and why; and those that
// are no lines. They are named by what they say.
var wrong = map[string]string{
	"* SEARCH \r\n": "RFC 3501 §9 mailbox-data: no space without a number",
	"* QUOTA \"#user/alice\" (STORAGE 54 111 MESSAGE 42  1000)\r\n": "RFC 9208 §5.1 quota-resource: one SP",

	"VGVzdA==\r\n": clientData, "AA==\r\n": clientData, "aQ==\r\n": clientData, "*\r\n": clientData,
	"done\r\n": clientData, "DONE\r\n": clientData,

	// imapflow
	"TAG1 UID FETCH\r\n":              "RFC 9051 §9 fetch: a set and items are not optional",
	"* 1 FETCH (BODY[] \"\xc2\")\r\n": "RFC 9051 §9 QUOTED-CHAR: 7-bit, or whole UTF-8",
	"TAG1 CMD (1234) \r\n":            "RFC 9051 §9 (1): no spaces where the rules have none",
	"+\r\n":                           "RFC 9051 §9 continue-req: SP",
	"* OK\r\n":                        "RFC 9051 §9 resp-cond-state: SP",
	"TAG1 OK\r\n":                     "RFC 9051 §9 resp-cond-state: SP",
	"* OK [UIDNEXT 5]\r\n":            "RFC 9051 §9 resp-text: SP behind the code",
	"* OK [PERMANENTFLAGS (de:hacking $label kt-evalution [css3-page] \\*)] Flags permitted.\r\n":                       "RFC 9051 §9 atom-specials: \"]\"",
	"* OK [PERMANENTFLAGS ([css3-page] \\*)] Flags permitted.\r\n":                                                      "RFC 9051 §9 atom-specials: \"]\"",
	"* 331 FETCH (ENVELOPE (\"=?ISO-8859-1?Q?\\\"G=FCnter__Hammerl\\\"?=\"))\r\n":                                       "RFC 9051 §9 envelope: ten fields",
	"* LIST (HasNoChildren UnMarked) \"/\" 'a\r\n":                                                                      "RFC 9051 §9 mbx-list-flags: a backslash first",
	"* STATUS Segregator/Społeczności (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)\r\n":                                         "RFC 9051 §9 ATOM-CHAR: 7-bit",
	"* STATUS Šegregator/Społeczności (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)\r\n":                                         "RFC 9051 §9 ATOM-CHAR: 7-bit",
	"* 32 FETCH (UID 32 RFC822.SIZE 3991 BODY[2.MIME] \"(* 61B literal *)\" BODY[2]<0.65536> \"(* 6B literal *)\")\r\n": "RFC 9051 §9 msg-att-static: \"<\" number \">\"",
	"* 1 FETCH (UID 1 (((((((((((((((((((((((((\r\n":                                                                    "RFC 9051 §9 msg-att: lists are closed",
	"A5 OK [\x01BAD-CODE] done\r\n":                                                                                     "RFC 9051 §9 resp-text-code: an atom has no control characters",
	"abcd\r\n":                                                                                                          "the octets of the case before it, not a line",
	"kere\r\n":                                                                                                          "the octets of the case before it, not a line",
	"hello\r\n":                                                                                                         "the octets of the case before it, not a line",
	"abc\r\n":                                                                                                           "the octets of the case before it, not a line",
	"world\r\n":                                                                                                         "the octets of the case before it, not a line",
	"Server Unavailable. 15\r\n":                                                                                        "the text of the case before it, not a line",
	// go-imap v1: what its server wrote in tests, and chunks of lines whose literals are not there
	"* CAPABILITY IMAP4rev1 \r\n":           "RFC 9051 §9 (1): no spaces where the rules have none",
	"* LIST (flag1) \"/\" INBOX\r\n":        "RFC 9051 §9 mbx-list-flags: a backslash first",
	"* LIST (flag2 flag3) \"/\" Drafts\r\n": "RFC 9051 §9 mbx-list-flags: a backslash first",
	"A001 NO [BADCHARSET (US-ASCII)]\r\n":   "RFC 9051 §9 resp-text: SP behind the code",
	// held to be invalid
	"* NO x\r\n":            "no greeting, but a response: parse/imap knows which is first",
	"TAG1 CMD *,5 TEST\r\n": "RFC 9051 §9 sequence-set: \"*\" is a seq-number",
	"TAG1 CMD 5,* TEST\r\n": "RFC 9051 §9 sequence-set: \"*\" is a seq-number",
}

var announced = regexp.MustCompile(`~?\{(\d+)\+?\}\r\n`)

// filled is a case of imapflow, whose parser gets literals beside the line,
// with octets where they belong.
func filled(wire []byte) []byte {
	full := announced.ReplaceAllFunc(wire, func(a []byte) []byte {
		n, _ := strconv.Atoi(string(announced.FindSubmatch(a)[1]))
		return append(a[:len(a):len(a)], strings.Repeat("x", n)...)
	})
	if !strings.HasSuffix(string(full), "\r\n") {
		full = append(full, "\r\n"...)
	}
	return full
}

// check reads one case by its direction, and by its form where that is unknown.
func check(c suiteCase, m Message) *Error {
	if c.Dir == "c" || c.Dir == "?" && !isStatus(m.Data) {
		return Command(m).Err
	}
	return Response(m).Err
}

// piece reports whether a case of go-imap is no whole response: what its tests
// wrote in several goes.
func piece(name string, wire []byte, whole bool) bool {
	return strings.HasPrefix(name, "go-imap-v1") && (!whole || string(wire) == ")\r\n")
}

// TestValidSuites holds that what other projects take for valid has no Error.
func TestValidSuites(t *testing.T) {
	for _, name := range []string{"imap-codec/valid.jsonl", "dovecot-unit/valid.jsonl", "imapflow/valid.jsonl", "go-imap-v1/server-line.jsonl"} {
		t.Run(name, func(t *testing.T) {
			good, excepted := 0, 0
			for _, c := range readSuite(t, name) {
				if strings.HasPrefix(name, "imapflow") {
					c.Bytes = filled(c.Bytes)
				}
				m, rest, ok := message(c.Bytes)
				err := check(c, m)
				why, known := wrong[string(c.Bytes)]
				switch {
				case known && err != nil, known && strings.Contains(why, "not a line"):
					excepted++
				case piece(name, c.Bytes, ok):
					excepted++
				case !ok || len(rest) > 0:
					t.Errorf("%s: %q is not one message", c.Source, c.Bytes)
				case err != nil:
					t.Errorf("%s: %q: %v", c.Source, c.Bytes, err)
				default:
					good++
				}
			}
			t.Logf("%d valid, %d excepted", good, excepted)
		})
	}
}

// TestInvalidSuites holds that what other projects take for invalid or
// incomplete has an Error.
func TestInvalidSuites(t *testing.T) {
	for _, name := range []string{"imap-codec/invalid.jsonl", "imap-codec/incomplete.jsonl", "dovecot-unit/invalid.jsonl", "imapflow/invalid.jsonl"} {
		t.Run(name, func(t *testing.T) {
			bad, excepted := 0, 0
			for _, c := range readSuite(t, name) {
				m, _, _ := message(c.Bytes)
				if _, known := wrong[string(c.Bytes)]; known {
					excepted++
					continue
				}
				if err := check(c, m); err == nil {
					t.Errorf("%s: %q has no error", c.Source, c.Bytes)
				}
				bad++
			}
			t.Logf("%d invalid, %d excepted", bad, excepted)
		})
	}
}
