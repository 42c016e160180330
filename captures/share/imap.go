package share

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"mailtap/parse/imap/syntax"
)

// vocabulary is the names of the protocol, upper case.
var vocabulary, vocabularyLower = map[string]bool{}, map[string]bool{}

func init() {
	for _, terms := range []syntax.Terms{syntax.Commands, syntax.Responses, syntax.ResponseCodes, syntax.CapabilityNames, syntax.MailboxAttributes,
		syntax.NotifyEvents, syntax.FetchItems, syntax.Flags, syntax.StatusItems, syntax.SearchKeys, syntax.SortKeys, syntax.ThreadAlgorithms} {
		for _, t := range terms {
			for word := range strings.FieldsSeq(t.Name) {
				vocabulary[strings.ToUpper(word)] = true
			}
		}
	}
	for _, word := range []string{"LITERAL", "DATA", "READY", "CONTINUE", "IDLING", "GO", "AHEAD"} {
		vocabularyLower[strings.ToLower(word)] = true // of continuation requests
	}
	for word := range strings.FieldsSeq(`OK NO BAD BYE PREAUTH NIL UID RETURN MIN MAX ALL COUNT SAVE PARTIAL CHARSET UTF-8 UTF8 US-ASCII FLAGS +FLAGS -FLAGS FLAGS.SILENT
		+FLAGS.SILENT -FLAGS.SILENT UNCHANGEDSINCE CHANGEDSINCE VANISHED EARLIER CONDSTORE QRESYNC MODIFIED STORAGE MESSAGE MAILBOX ANNOTATION-STORAGE
		SUBSCRIBED CHILDREN REMOTE RECURSIVEMATCH SPECIAL-USE MYRIGHTS METADATA USE CHILDINFO OLDNAME TAG DEFLATE PLAIN LOGIN CRAM-MD5 DIGEST-MD5 XOAUTH2
		OAUTHBEARER EXTERNAL ANONYMOUS NTLM GSSAPI SCRAM-SHA-1 SCRAM-SHA-256 BODY.PEEK BODY BODYSTRUCTURE BINARY BINARY.PEEK RFC822 ENVELOPE DEPTH MAXSIZE
		INFINITY FAST FULL OR NOT DONE IDLE NAME VERSION VENDOR OS OS-VERSION SUPPORT-URL DATE ADDRESS COMMAND ARGUMENTS ENVIRONMENT GUID REMOTE-HOST IMAP POP3
		SELECTED SELECTED-DELAYED PERSONAL INBOXES SUBTREE MAILBOXES SET NONE STATUS ADD REMOVEFROM ADDTO RELEVANCY FUZZY CATENATE TEXT URL APPEND REPLACE
		STLS CAPA STAT UIDL TOP RETR DELE RSET QUIT USER PASS APOP NOOP LAST AUTH LANG XCLIENT XTND SASL`) {
		vocabulary[word] = true
	}
	for word := range vocabulary {
		vocabularyLower[strings.ToLower(word)] = true
	}
}

// named are commands and responses whose words outside parentheses are names.
var named = map[string]bool{
	"LOGIN": true, "SELECT": true, "EXAMINE": true, "CREATE": true, "DELETE": true, "RENAME": true, "SUBSCRIBE": true, "UNSUBSCRIBE": true,
	"LIST": true, "LSUB": true, "XLIST": true, "STATUS": true, "APPEND": true, "COPY": true, "MOVE": true, "QUOTAROOT": true, "GETQUOTAROOT": true,
	"QUOTA": true, "GETQUOTA": true, "SETQUOTA": true, "ACL": true, "GETACL": true, "SETACL": true, "DELETEACL": true, "LISTRIGHTS": true, "MYRIGHTS": true,
	"GETMETADATA": true, "SETMETADATA": true, "METADATA": true, "NAMESPACE": true, "REPLACE": true,
}

// allowed are words of those commands that are no names.
var allowed = map[string]bool{"RETURN": true, "UTF8": true, "CATENATE": true, "NIL": true}

// idKeys are what ID may say of a program.
var idKeys = map[string]bool{"name": true, "version": true, "vendor": true, "os": true, "os-version": true, "date": true, "release-date": true, "contact": true}

// tags are those of a session's commands, the newest ones: true for those that
// stand for another word.
type tags map[string]bool

const mostTags = 4096

func (t tags) add(tag []byte, replaced bool) {
	if len(t) >= mostTags {
		clear(t)
	}
	t[string(tag)] = replaced
}

// imapLines replaces what is private in lines of IMAP.
type imapLines struct {
	names   *names
	tags    tags // shared by both directions
	client  bool
	tag     string // of the command or response whose line goes on
	name    string
	depth   int
	words   int    // so far, of those outside parentheses
	section bool   // inside BODY[...]
	item    string // the last name of an item
	key     string // ID: whose value comes
	more    int64  // octets of a literal still to come
	goesOn  bool   // the next line goes on with the same
	cut     bool   // the line before had no end
}

func (l *imapLines) open() int64 { return l.more }

func (l *imapLines) passed() { l.more = 0 }

func (l *imapLines) refused(tag []byte) {
	if l.goesOn && tag != nil && string(tag) == l.tag {
		l.more, l.goesOn = 0, false
	}
}

// mark is how a literal is announced.
var mark = regexp.MustCompile(`~?\{(\d+)[+-]?\}\r?\n$`)

func (l *imapLines) line(line []byte) {
	if !l.goesOn && !l.cut {
		*l = imapLines{names: l.names, tags: l.tags, client: l.client}
		line = l.begin(line)
	}
	l.cut = len(line) > 0 && line[len(line)-1] != '\n'
	l.goesOn = false
	if line == nil {
		return
	}
	if m := mark.FindSubmatchIndex(line); m != nil && l.name != "" {
		l.more, _ = strconv.ParseInt(string(line[m[2]:m[3]]), 10, 64)
		l.goesOn = true
		line = line[:m[0]]
	}
	l.tokens(line)
}

// begin takes tag and name, and gives what stands behind them; nil where
// nothing else needs a look.
func (l *imapLines) begin(line []byte) []byte {
	tag, rest := word(line)
	switch {
	case len(rest) == 0 || len(tag) == 0:
		if !l.names.sasl(line) && !vocabulary[strings.ToUpper(string(bytes.TrimRight(line, "\r\n")))] {
			strange(line)
		}
		return nil
	case string(tag) == "+":
		if !l.names.sasl(rest) {
			strange(rest)
		}
		return nil
	case l.client:
		return l.command(tag, rest)
	}
	return l.response(line, tag, rest)
}

// numbered is how clients make tags.
var numbered = regexp.MustCompile(`^([A-Za-z]|[A-Za-z.]{0,6}[0-9]{1,10})$`)

// command takes a client's line behind its tag.
func (l *imapLines) command(tag, rest []byte) []byte {
	name, behind := word(rest)
	upper := strings.ToUpper(string(name))
	if upper == "UID" {
		name, behind = word(behind)
		upper = strings.ToUpper(string(name))
	}
	replaced := false
	if !vocabulary[upper] { // it may be text of a message, tag and all
		if replaced = !numbered.Match(tag); replaced {
			l.names.replace(tag, false)
		}
		l.names.replace(name, false)
	}
	l.tags.add(tag, replaced)
	switch upper {
	case "CAPABILITY", "ENABLE", "COMPRESS":
		return nil
	case "AUTHENTICATE":
		_, initial := word(behind)
		l.names.sasl(initial)
		return nil
	}
	l.tag, l.name = string(tag), upper
	return behind
}

// response takes a server's line behind its tag. One that answers nobody is
// no response.
func (l *imapLines) response(line, tag, rest []byte) []byte {
	name, behind := word(rest)
	upper := strings.ToUpper(string(name))
	if string(tag) != "*" && !l.answers(tag) {
		strange(line)
		return nil
	}
	if allDigits(name) {
		name, behind = word(behind)
		upper = strings.ToUpper(string(name))
	}
	switch upper {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		l.status(behind)
		return nil
	case "CAPABILITY", "ENABLED":
		return nil
	}
	if string(tag) != "*" {
		strange(rest)
		return nil
	}
	if !vocabulary[upper] && !bytes.ContainsAny(name, "*") {
		l.names.replace(name, false)
	}
	l.tag, l.name = string(tag), upper
	return behind
}

// answers reports whether a command had that tag, and replaces it as there.
func (l *imapLines) answers(tag []byte) bool {
	if _, ok := l.tags[string(tag)]; ok {
		return true
	}
	replaced := bytes.Clone(tag)
	l.names.replace(replaced, false)
	if l.tags[string(replaced)] {
		copy(tag, replaced)
		return true
	}
	return false
}

// word is the first word of a line, and what stands behind it and its space.
func word(line []byte) (first, rest []byte) {
	i := bytes.IndexAny(line, " \r\n")
	if i < 0 {
		return line, nil
	}
	if line[i] != ' ' {
		return line[:i], nil
	}
	return line[:i], line[i+1:]
}

// status replaces names in a status response: its code has the protocol's
// words, its text people's.
func (l *imapLines) status(text []byte) {
	if len(text) > 0 && text[0] == '[' {
		if end := bytes.IndexByte(text, ']'); end > 0 {
			code, _ := word(text[1:end])
			switch strings.ToUpper(string(code)) {
			case "CAPABILITY":
			case "REFERRAL", "BADURL", "WEBALERT":
				l.names.human(text[1+len(code) : end])
			default:
				l.name = "CODE"
				l.tokens(text[1+len(code) : end])
			}
			text = text[end:]
		}
	}
	l.names.server(text)
	l.names.human(text)
}

// literal replaces a string that came as a literal.
func (l *imapLines) literal(data []byte) {
	l.more -= int64(len(data))
	l.str(data)
}

// tokens goes through what stands in a line.
func (l *imapLines) tokens(line []byte) {
	for i := 0; i < len(line); {
		switch c := line[i]; c {
		case ' ', '\r', '\n', '\t':
			i++
		case '(':
			l.depth++
			i++
		case ')':
			l.depth--
			i++
		case '"':
			end := i + 1
			for end < len(line) && line[end] != '"' {
				if line[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(line))
			l.str(line[i+1 : end])
			i = end + 1
		default:
			end := i
			for end < len(line) && !bytes.ContainsRune([]byte(" ()\"\r\n"), rune(line[end])) {
				end++
			}
			l.atom(line[i:end])
			i = end
		}
	}
}

var (
	numbers = regexp.MustCompile(`^[0-9:,*.<>/+-]+$`)
	date    = regexp.MustCompile(`(?i)^[ \d]?\d-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{4}( \d\d:\d\d:\d\d [+-]\d{4})?$`)
)

// atom replaces an atom that is no name of the protocol's.
func (l *imapLines) atom(atom []byte) {
	if l.depth == 0 {
		l.words++
	}
	upper := strings.ToUpper(string(atom))
	switch {
	case l.section:
		l.section = !bytes.ContainsAny(atom, "]")
		if field := bytes.TrimRight(atom, "]<>.0123456789"); !fields[strings.ToLower(string(field))] && !vocabulary[upper] {
			fillWord(field)
		}
	case bytes.ContainsAny(atom, "["):
		l.section = !bytes.ContainsAny(atom, "]")
		l.item = "SECTION"
	case upper == "NIL" || l.depth == 0 && l.rights(atom):
	case atom[0] == '\\' || atom[0] == '$' && vocabulary[upper] || numbers.Match(atom) || date.Match(atom):
	case l.depth == 0 && named[l.name]:
		if !allowed[upper] {
			l.names.name(atom)
		}
	case vocabulary[upper]:
		l.item = upper
	case l.name == "FETCH" && l.item == "BODYSTRUCTURE":
	case l.item == "MODSEQ" || l.name == "SEARCH" && mimeWords[strings.ToLower(upper)]:
	default:
		l.names.name(atom)
	}
}

// firstRights is at which argument the rights begin in commands and responses
// of RFC 4314; ACL has users and rights by turns.
var firstRights = map[string]int{"MYRIGHTS": 1, "SETACL": 2, "LISTRIGHTS": 2, "ACL": 2}

var rights = regexp.MustCompile(`^[+-]?[lrswipkxtecdan0-9]+$`)

// rights reports whether a word stands where rights do, and may be some.
func (l *imapLines) rights(word []byte) bool {
	first := firstRights[l.name]
	return first > 0 && l.words > first && !(l.name == "ACL" && l.words%2 == 0) && rights.Match(word)
}

// str replaces a string.
func (l *imapLines) str(text []byte) {
	if l.depth == 0 {
		l.words++
	}
	switch {
	case len(text) == 0 || date.Match(text) || l.depth == 0 && l.rights(text):
	case l.name == "ID":
		if l.key == "" {
			l.key = strings.ToLower(string(text))
			return
		}
		if !idKeys[l.key] {
			l.names.name(text)
		}
		l.key = ""
	case l.item == "ENVELOPE" && isDate(text):
	case l.item == "BODYSTRUCTURE" || l.item == "BODY":
		l.structure(text)
	case l.item == "ENVELOPE" && bytes.ContainsAny(text, " ="):
		encodedWords(text, fillWord)
	case l.item == "SECTION" || l.item == "PREVIEW" || l.item == "SNIPPET":
		fillWord(text)
	case isVocabulary(text) && !(l.depth == 0 && named[l.name]):
	default:
		l.names.name(text)
	}
}

// structure replaces a string of a body structure, unless all its words are MIME's.
func (l *imapLines) structure(text []byte) {
	mime := true
	eachWord(text, func(word []byte) { mime = mime && mimeWords[strings.ToLower(string(word))] })
	if !mime {
		encodedWords(text, l.names.name)
	}
}
