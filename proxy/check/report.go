package check

import (
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// Report is everything that a check saw, and what it makes of it. Its JSON form
// is what `mailtap check --format json` prints. Texts of peers are escaped.
type Report struct {
	Target   string    `json:"target"`
	Domain   string    `json:"domain,omitempty"`
	Address  string    `json:"address,omitempty"`
	Time     time.Time `json:"time"`
	Verdict  string    `json:"verdict"`
	Findings []Finding `json:"findings"`
	Settings []Setting `json:"settings"`
	Compare  []Row     `json:"compare,omitempty"` // IMAP and POP3 for this user
	Servers  []*Server `json:"servers"`
	Sources  []Source  `json:"sources"`
}

// Worst is the highest severity of all findings.
func (r *Report) Worst() event.Severity {
	worst := event.SeverityNone
	for _, f := range r.Findings {
		worst = max(worst, f.severity)
	}
	return worst
}

// Finding is what is wrong, or worth to know, as the catalogue names it.
type Finding struct {
	ID       string   `json:"id"`
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Advice   string   `json:"advice,omitempty"`
	Where    []string `json:"where,omitempty"` // the endpoints' URLs, or a source's place
	Lines    []string `json:"lines,omitempty"` // what the server said
	Also     []string `json:"also,omitempty"`

	severity event.Severity
}

// Source is one place where clients look for settings, and what it says.
type Source struct {
	Name       string   `json:"name"`
	Where      string   `json:"where"` // the record's name, the URL, the file
	Offers     []Offer  `json:"offers,omitempty"`
	Submission []string `json:"submission,omitempty"` // servers that take mail: not asked
	Note       string   `json:"note,omitempty"`       // why it says nothing, or what is odd about it
	Broken     bool     `json:"broken,omitempty"`     // it is there and cannot be used
}

// Offer is one server that a source names.
type Offer struct {
	URL  string   `json:"url"`
	User string   `json:"user,omitempty"` // its form, as the source writes it: %EMAILADDRESS%
	Auth []string `json:"auth,omitempty"` // as the source writes them

	endpoint route.Endpoint
}

// Server is one endpoint: a port of a host that may be a mail server.
type Server struct {
	URL          string       `json:"url"`
	From         []string     `json:"from"` // the sources that name it
	Reach        []Reach      `json:"reach"`
	Speaks       string       `json:"speaks,omitempty"` // imap, pop3, smtp, http, ...
	Greeting     string       `json:"greeting,omitempty"`
	Capabilities Capabilities `json:"capabilities"`
	Mechanisms   []string     `json:"mechanisms,omitempty"` // SASL, and LOGIN, USER, APOP; as good as a client gets them
	Upgrade      *Upgrade     `json:"upgrade,omitempty"`
	TLS          *TLS         `json:"tls,omitempty"`
	Intrusive    []Test       `json:"intrusive,omitempty"`
	Login        *Login       `json:"login,omitempty"`
	Software     string       `json:"software,omitempty"` // as it calls itself

	endpoint  route.Endpoint
	announced bool // a source names it; it is no guess
	works     bool // it greeted, and what was asked for was answered
	verified  bool // inside TLS with a verified certificate
	noLogin   bool // LOGINDISABLED where a client would log in
	open      bool // takes a password in the clear
	found     []found
}

// Reach is how a host is reached over one family of addresses.
type Reach struct {
	Family    string   `json:"family"` // IPv4, IPv6
	Addresses []string `json:"addresses,omitempty"`
	Connected string   `json:"connected,omitempty"` // the address that answered
	Micros    int64    `json:"connect_us,omitempty"`
	Failure   string   `json:"failure,omitempty"`

	id string // the finding's
}

// Capabilities are what the server says it can do, before TLS, inside it, and
// after the login.
type Capabilities struct {
	Clear []string `json:"clear,omitempty"`
	TLS   []string `json:"tls,omitempty"`
	Login []string `json:"login,omitempty"`
}

// Upgrade is STARTTLS or STLS.
type Upgrade struct {
	Offered bool   `json:"offered"`
	Works   bool   `json:"works"`
	Failure string `json:"failure,omitempty"`
}

// TLS is what a handshake came to, and what else the server would take.
type TLS struct {
	Version  string              `json:"version,omitempty"` // as a client gets it
	Cipher   string              `json:"cipher,omitempty"`
	Versions []Version           `json:"versions,omitempty"`
	Weak     string              `json:"weak,omitempty"`    // the weak cipher that it takes
	Ciphers  []string            `json:"ciphers,omitempty"` // of TLS 1.2, in the order of the server's liking
	Chain    []event.Certificate `json:"chain,omitempty"`
	Problem  string              `json:"problem,omitempty"` // what is wrong with the certificate
	Failure  string              `json:"failure,omitempty"` // why there was no TLS

	leaf leaf
}

// leaf is what is said about the expiry of the server's own certificate.
type leaf struct{ from, to time.Time }

// Version is one version of TLS, and whether the server takes it.
type Version struct {
	Name   string `json:"name"`
	Cipher string `json:"cipher,omitempty"` // "" where the version is refused
}

// Test is the outcome of a test that only --intrusive makes.
type Test struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Saw    string `json:"saw"`
}

// Login is a login, and what was seen behind it.
type Login struct {
	User    string `json:"user"`
	How     string `json:"how,omitempty"` // the mechanism
	OK      bool   `json:"ok"`
	Said    string `json:"said,omitempty"`    // the server's answer
	Denied  string `json:"denied,omitempty"`  // what the server says of an OAuth2 token that it refuses, decoded
	Skipped string `json:"skipped,omitempty"` // why no password was sent

	IMAP *Mailboxes `json:"imap,omitempty"`
	POP3 *Maildrop  `json:"pop3,omitempty"`

	withheld bool // the connection was not good enough for a password
}

// Mailboxes is what an IMAP user has.
type Mailboxes struct {
	Namespaces  []string     `json:"namespaces,omitempty"`
	Mailboxes   []Mailbox    `json:"mailboxes"`
	Count       int          `json:"count"`    // of all, listed here or not
	Messages    uint64       `json:"messages"` // in the mailboxes that were counted
	Octets      uint64       `json:"octets,omitempty"`
	Sized       bool         `json:"sized"` // the server tells sizes
	Counted     int          `json:"counted"`
	Quota       []QuotaUsage `json:"quota,omitempty"`
	Idle        string       `json:"idle"`
	AppendLimit string       `json:"append_limit,omitempty"`
}

// Mailbox is one mailbox.
type Mailbox struct {
	Name     string `json:"name"`
	Use      string `json:"use,omitempty"` // special use: \Sent, \Trash
	Messages uint64 `json:"messages"`
	Unseen   uint64 `json:"unseen"`
	Octets   uint64 `json:"octets,omitempty"`
	Closed   bool   `json:"noselect,omitempty"`

	wire string // the name as the server writes it
}

// QuotaUsage is one resource of a quota; STORAGE in units of 1024 octets.
type QuotaUsage struct {
	Root     string `json:"root"`
	Resource string `json:"resource"`
	Usage    uint64 `json:"usage"`
	Limit    uint64 `json:"limit"`
}

// Maildrop is what a POP3 user has.
type Maildrop struct {
	Messages   int64  `json:"messages"`
	Octets     int64  `json:"octets"`
	UIDL       string `json:"uidl"` // what came of UIDL
	UIDLWorks  bool   `json:"uidl_works"`
	Expire     string `json:"expire,omitempty"`      // days, NEVER, or 0 (RFC 2449 §6.7)
	LoginDelay string `json:"login_delay,omitempty"` // seconds (RFC 2449 §6.5)
}

// Setting is what to type into a client, in the words of its settings dialog.
type Setting struct {
	Protocol       string `json:"protocol"` // IMAP, POP3
	Server         string `json:"server"`
	Port           int    `json:"port"`
	Security       string `json:"security"`            // SSL/TLS, STARTTLS, none
	Authentication string `json:"authentication"`      // Normal password, Encrypted password, OAuth2, ...
	User           string `json:"user,omitempty"`      // "" where no address was given
	UserForm       string `json:"user_form,omitempty"` // what it is, where User is not certain
	Password       string `json:"password,omitempty"`  // which one: never itself
	Tried          bool   `json:"tried"`               // a login with them worked
	Outcome        string `json:"outcome"`             // what came of a login
	Caveat         string `json:"caveat,omitempty"`

	endpoint route.Endpoint
}

// Row is one line of the comparison of both protocols.
type Row struct {
	About string `json:"about"`
	IMAP  string `json:"imap"`
	POP3  string `json:"pop3"`
}
