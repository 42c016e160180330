package syntax

// Capabilities is the list in a line: that of an untagged CAPABILITY response
// or of a response code CAPABILITY, as written. nil where r has none.
func Capabilities(r *Resp) []string { return nil }
