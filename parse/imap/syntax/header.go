package syntax

import (
	"fmt"
	"io"
	"mime"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// words decodes encoded words of any charset that x/text knows.
var words = mime.WordDecoder{CharsetReader: charsetReader}

func charsetReader(charset string, input io.Reader) (io.Reader, error) {
	charset, _, _ = strings.Cut(charset, "*") // a language tag: RFC 2231 §5
	if enc, err := htmlindex.Get(charset); err == nil {
		return enc.NewDecoder().Reader(input), nil
	}
	enc, err := ianaindex.MIME.Encoding(charset)
	if err != nil {
		return nil, err
	}
	if enc == nil {
		return nil, fmt.Errorf("charset %q is not supported", charset)
	}
	return enc.NewDecoder().Reader(input), nil
}

// DecodeHeader is a header field's value with its encoded words (RFC 2047)
// decoded, any charset; what cannot be decoded stays as it was.
func DecodeHeader(value string) string {
	if !strings.Contains(value, "=?") {
		return value
	}
	decoded, err := words.DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}
