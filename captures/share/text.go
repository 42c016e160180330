package share

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// filler replaces message text: letters by x, digits by 0, so that line ends,
// dots and other signs stay where they are. Of a header the names of common
// fields stay, and what says how the text is encoded.
type filler struct {
	field string // whose value goes by
	begun bool
}

// fill replaces data in place; header: it is part of a header.
func (f *filler) fill(data []byte, header bool) {
	if !header {
		fillWord(data)
		return
	}
	for len(data) > 0 {
		n := bytes.IndexByte(data, '\n') + 1
		if n == 0 {
			n = len(data)
		}
		f.headerLine(data[:n])
		data = data[n:]
	}
}

// fields are names that stay: they tell nothing of anybody.
var fields = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`from to cc bcc subject date message-id in-reply-to references return-path received mime-version sender reply-to
		content-type content-transfer-encoding content-disposition content-id content-description content-language delivered-to resent-from resent-to resent-date
		resent-message-id list-id list-unsubscribe list-post list-help list-subscribe dkim-signature authentication-results received-spf
		arc-seal arc-message-signature arc-authentication-results x-mailer user-agent x-spam-status x-spam-flag x-spam-score importance priority x-priority
		precedence auto-submitted x-uid x-uidl status x-status x-keywords thread-topic thread-index`) {
		fields[name] = true
	}
}

// headerLine replaces a line of a header, or a piece of one.
func (f *filler) headerLine(line []byte) {
	goesOn := f.begun
	f.begun = line[len(line)-1] != '\n'
	value := line
	if !goesOn && line[0] != ' ' && line[0] != '\t' {
		i := bytes.IndexByte(line, ':')
		f.field = ""
		if i > 0 {
			if name := strings.ToLower(string(bytes.TrimSpace(line[:i]))); fields[name] {
				f.field, value = name, line[i:]
			}
		}
	}
	switch f.field {
	case "date", "mime-version":
		if isDate(value) {
			return
		}
		fillWord(value)
	case "content-type", "content-transfer-encoding", "content-disposition":
		fillBut(value, mimeWords)
	default:
		encodedWords(value, fillWord)
	}
}

// isDate reports whether text has no words but those of a date, or of a version.
func isDate(text []byte) bool {
	ok := true
	eachWord(text, func(word []byte) {
		lower := strings.ToLower(string(word))
		ok = ok && (len(word) <= 4 && allDigits(word) || dateWords[lower])
	})
	return ok
}

func allDigits(word []byte) bool {
	for _, c := range word {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

var dateWords, mimeWords = map[string]bool{}, map[string]bool{}

func init() {
	for _, w := range strings.Fields("mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec gmt utc est edt cst cdt mst mdt pst pdt") {
		dateWords[w] = true
	}
	for _, w := range strings.Fields(`text plain html multipart mixed alternative related report signed encrypted digest message rfc822 partial external body
		delivery status disposition notification application octet stream pdf pgp signature keys pkcs7 mime zip json xml msword image png jpeg jpg gif svg
		audio video mpeg mp4 calendar csv enriched rtf charset us ascii utf 8 7 16 iso 8859 1 2 15 windows 1250 1251 1252 koi8 r gb2312 gbk gb18030 big5 euc kr jp 2022
		shift jis base64 quoted printable 7bit 8bit binary boundary name filename attachment inline format flowed delsp yes no type start micalg protocol
		size creation modification read date method x unknown vnd openxmlformats officedocument ms excel tnef content location cid access url title`) {
		mimeWords[w] = true
	}
}

// fillBut is fillWord but for words that are in but.
func fillBut(text []byte, but map[string]bool) {
	eachWord(text, func(word []byte) {
		if !but[strings.ToLower(string(word))] {
			fillWord(word)
		}
	})
}

// fillWord replaces letters and digits.
func fillWord(text []byte) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z':
			text[i] = 'x'
		case c >= 'A' && c <= 'Z':
			text[i] = 'X'
		case isDigit(c):
			text[i] = '0'
		case c >= utf8.RuneSelf:
			i += fillRune(text[i:]) - 1
		}
	}
}

// fillRune replaces a character that is not ASCII by one with as many octets,
// and gives their number. What is cut off at the end counts as not UTF-8.
func fillRune(text []byte) int {
	_, size := utf8.DecodeRune(text)
	switch size {
	case 2:
		copy(text, "\u0445")
	case 3:
		copy(text, "\u3093")
	case 4:
		copy(text, "\U0001d431")
	default:
		text[0] = 0xf8
	}
	return size
}
