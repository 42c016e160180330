package pop3

// The types below are what an event's Data may be; so may *sasl.Step, of USER,
// PASS, APOP and all that belongs to AUTH. Texts are event text: escaped, and
// without secrets.

// Login is what the response to PASS, APOP or AUTH answers.
type Login struct {
	Mech  string `json:"mech"`
	User  string `json:"user,omitempty"`
	Authz string `json:"authz,omitempty"`
	Stage string `json:"stage,omitempty"` // AUTH: the last step, which a refusal is about
}

// Greeting is what the server says first.
type Greeting struct {
	Timestamp string `json:"timestamp,omitempty"` // "<...>": APOP is offered (RFC 1939 §7)
}

// Arguments are those of a command.
type Arguments struct {
	Message *int64   `json:"message,omitempty"` // the message-number
	Lines   *int64   `json:"lines,omitempty"`   // TOP
	Args    []string `json:"args,omitempty"`    // of a command without numbers
}

// Stat is a drop listing (RFC 1939 §5).
type Stat struct {
	Messages int64 `json:"messages"`
	Octets   int64 `json:"octets"`
}

// Listing is the scan listings of LIST, or the unique-ids of UIDL.
type Listing struct {
	Count  int64  `json:"count"`            // lines in the block
	Octets int64  `json:"octets,omitempty"` // sum of the sizes
	List   []Scan `json:"list,omitempty"`
	More   bool   `json:"more,omitempty"` // List has the first of them only
}

// Scan is one line of a listing.
type Scan struct {
	Message int64  `json:"message"`
	Octets  *int64 `json:"octets,omitempty"`
	UID     string `json:"uid,omitempty"`
}

// Capabilities is the block of CAPA.
type Capabilities struct {
	Capabilities []Entry `json:"capabilities"`
}

// Entry is a capability and its arguments.
type Entry struct {
	Name string   `json:"name"` // upper case
	Args []string `json:"args,omitempty"`
}

// Mechanisms is the block of AUTH without an argument.
type Mechanisms struct {
	Mechanisms []string `json:"mechanisms"`
}

// Languages is the block of LANG without an argument.
type Languages struct {
	Languages []Language `json:"languages"`
}

// Language is a tag and its name.
type Language struct {
	Tag  string `json:"tag"`
	Name string `json:"name,omitempty"`
}

// Message is what RETR or TOP brought.
type Message struct {
	Message   int64  `json:"message,omitempty"`   // its number
	Octets    int64  `json:"octets"`              // of its text, byte-stuffing undone
	Announced *int64 `json:"announced,omitempty"` // octets by the status line
	From      string `json:"from,omitempty"`      // decoded, as Subject
	Subject   string `json:"subject,omitempty"`
	Date      string `json:"date,omitempty"`
	MessageID string `json:"message_id,omitempty"`
	Truncated bool   `json:"truncated,omitempty"` // the header is longer than what was looked at
}

// Lines is a block that has no type of its own: XTND's.
type Lines struct {
	Count int64    `json:"count"`
	Lines []string `json:"lines,omitempty"` // the first of them
}
