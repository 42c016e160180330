package imap

import "mailtap/parse/event"

// kinds of untagged data, as bits: what a command asks for.
type kinds uint64

const (
	kCapability kinds = 1 << iota
	kList
	kLsub
	kStatus
	kSearch
	kEsearch
	kFlags
	kExists
	kRecent
	kExpunge
	kFetch
	kVanished
	kEnabled
	kNamespace
	kID
	kACL
	kListrights
	kMyrights
	kQuota
	kQuotaroot
	kMetadata
	kAnnotation
	kSort
	kThread
	kLanguage
	kComparator
	kGenurlauth
	kURLFetch
	kConversion
	kConverted
	kJMAPAccess
	kUIDBatches
	kPush
	kMailbox
	kSelectCode // OK with a code that tells of the mailbox being selected
	kCopyUID    // OK [COPYUID]
	kAppendUID  // OK [APPENDUID]
	kBye        // BYE
	kDowngraded // NO, OK [DOWNGRADED]
	kWeak       // what follows is only told on the occasion: whoever asks for it by name goes first
	kUpdates    = kWeak | kExists | kRecent | kExpunge | kVanished | kFetch | kFlags
	kSelectData = kFlags | kExists | kRecent | kList | kVanished | kFetch | kSelectCode | kMetadata
)

// data has a row for each kind of untagged data (registry imap-responses).
var data = table[kinds]{rows: []row[kinds]{
	{"CAPABILITY", kCapability}, {"LIST", kList}, {"XLIST", kList}, {"LSUB", kLsub}, {"STATUS", kStatus},
	{"SEARCH", kSearch}, {"ESEARCH", kEsearch}, {"FLAGS", kFlags}, {"EXISTS", kExists}, {"RECENT", kRecent},
	{"EXPUNGE", kExpunge}, {"FETCH", kFetch}, {"UIDFETCH", kFetch}, {"VANISHED", kVanished}, {"ENABLED", kEnabled},
	{"NAMESPACE", kNamespace}, {"ID", kID}, {"ACL", kACL}, {"LISTRIGHTS", kListrights}, {"MYRIGHTS", kMyrights},
	{"QUOTA", kQuota}, {"QUOTAROOT", kQuotaroot}, {"METADATA", kMetadata}, {"ANNOTATION", kAnnotation},
	{"SORT", kSort}, {"THREAD", kThread}, {"LANGUAGE", kLanguage}, {"COMPARATOR", kComparator},
	{"GENURLAUTH", kGenurlauth}, {"URLFETCH", kURLFetch}, {"CONVERSION", kConversion}, {"CONVERTED", kConverted},
	{"JMAPACCESS", kJMAPAccess}, {"UIDBATCHES", kUIDBatches}, {"XAPPLEPUSHSERVICE", kPush},
	{"MAILBOX", kMailbox}, {"BBOARD", kMailbox},
}}

// codes has a row for each response code (registry imap-response-codes) that
// untagged status responses carry on behalf of a command, and for the common others.
var codes = table[kinds]{rows: []row[kinds]{
	{"UNSEEN", kSelectCode}, {"UIDVALIDITY", kSelectCode}, {"UIDNEXT", kSelectCode}, {"PERMANENTFLAGS", kSelectCode},
	{"HIGHESTMODSEQ", kSelectCode}, {"NOMODSEQ", kSelectCode}, {"CLOSED", kSelectCode}, {"MAILBOXID", kSelectCode},
	{"UIDNOTSTICKY", kSelectCode}, {"READ-ONLY", kSelectCode}, {"READ-WRITE", kSelectCode}, {"ANNOTATIONS", kSelectCode},
	{"COPYUID", kCopyUID}, {"APPENDUID", kAppendUID}, {"DOWNGRADED", kDowngraded},
	{"CAPABILITY", 0}, {"ALERT", 0}, {"PARSE", 0}, {"TRYCREATE", 0}, {"BADCHARSET", 0}, {"REFERRAL", 0},
	{"MODIFIED", 0}, {"INPROGRESS", 0}, {"NOTIFICATIONOVERFLOW", 0}, {"UNAVAILABLE", 0}, {"AUTHENTICATIONFAILED", 0},
	{"AUTHORIZATIONFAILED", 0}, {"EXPIRED", 0}, {"PRIVACYREQUIRED", 0}, {"CONTACTADMIN", 0}, {"NOPERM", 0},
	{"INUSE", 0}, {"EXPUNGEISSUED", 0}, {"CORRUPTION", 0}, {"SERVERBUG", 0}, {"CLIENTBUG", 0}, {"CANNOT", 0},
	{"LIMIT", 0}, {"OVERQUOTA", 0}, {"ALREADYEXISTS", 0}, {"NONEXISTENT", 0}, {"NOTSAVED", 0}, {"HASCHILDREN", 0},
	{"COMPRESSIONACTIVE", 0}, {"TOOBIG", 0}, {"BADURL", 0}, {"URLMECH", 0}, {"UNKNOWN-CTE", 0}, {"METADATA", 0},
	{"NEWNAME", 0}, {"USEATTR", 0}, {"MESSAGELIMIT", 0}, {"UIDREQUIRED", 0},
}}

// op is what the completion of a command does to the session.
type op uint8

const (
	opNone op = iota
	opLogin
	opAuthenticate
	opUnauthenticate
	opStartTLS
	opCompress
	opSelect
	opClose
	opLogout
	opIdle
	opID
	opAppend // its literals are messages
	opURL    // its arguments may hold URLAUTH tokens
)

// command is everything that framing and pairing need to know about a command.
type command struct {
	name string
	op   op
	asks kinds // the untagged data that it asks for
}

// commandRows has a row for each command (registry imap-commands). What one
// means, and where it is defined, stands in syntax.Commands.
var commandRows = []command{
	{"CAPABILITY", opNone, kCapability},
	{"NOOP", opNone, kUpdates},
	{"LOGOUT", opLogout, kBye},
	{"STARTTLS", opStartTLS, 0},
	{"AUTHENTICATE", opAuthenticate, kWeak | kCapability},
	{"LOGIN", opLogin, kWeak | kCapability},
	{"ENABLE", opNone, kEnabled},
	{"SELECT", opSelect, kSelectData},
	{"EXAMINE", opSelect, kSelectData},
	{"CREATE", opNone, kList},
	{"DELETE", opNone, 0},
	{"RENAME", opNone, kList},
	{"SUBSCRIBE", opNone, 0},
	{"UNSUBSCRIBE", opNone, 0},
	{"LIST", opNone, kList | kStatus | kMyrights | kMetadata},
	{"XLIST", opNone, kList},
	{"LSUB", opNone, kLsub},
	{"RLIST", opNone, kList},
	{"RLSUB", opNone, kLsub},
	{"NAMESPACE", opNone, kNamespace},
	{"STATUS", opNone, kStatus},
	{"APPEND", opAppend, kWeak | kAppendUID | kExists | kRecent},
	{"IDLE", opIdle, kUpdates},
	{"CHECK", opNone, kUpdates},
	{"CLOSE", opClose, 0},
	{"UNSELECT", opClose, 0},
	{"EXPUNGE", opNone, kExpunge | kVanished},
	{"SEARCH", opNone, kSearch | kEsearch},
	{"FETCH", opNone, kFetch | kVanished},
	{"STORE", opNone, kFetch},
	{"COPY", opNone, kCopyUID},
	{"MOVE", opNone, kCopyUID | kExpunge | kVanished},
	{"UID COPY", opNone, kCopyUID},
	{"UID MOVE", opNone, kCopyUID | kExpunge | kVanished},
	{"UID FETCH", opNone, kFetch | kVanished},
	{"UID STORE", opNone, kFetch},
	{"UID SEARCH", opNone, kSearch | kEsearch},
	{"UID EXPUNGE", opNone, kExpunge | kVanished},
	{"UID SORT", opNone, kSort | kEsearch},
	{"UID THREAD", opNone, kThread},
	{"UID REPLACE", opAppend, kWeak | kAppendUID | kExists | kExpunge | kVanished},
	{"SORT", opNone, kSort | kEsearch},
	{"THREAD", opNone, kThread},
	{"REPLACE", opAppend, kWeak | kAppendUID | kExists | kExpunge | kVanished},
	{"ESEARCH", opNone, kEsearch},
	{"ID", opID, kID},
	{"COMPRESS", opCompress, 0},
	{"UNAUTHENTICATE", opUnauthenticate, kWeak | kCapability},
	{"GETACL", opNone, kACL},
	{"SETACL", opNone, 0},
	{"DELETEACL", opNone, 0},
	{"LISTRIGHTS", opNone, kListrights},
	{"MYRIGHTS", opNone, kMyrights},
	{"GETQUOTA", opNone, kQuota},
	{"GETQUOTAROOT", opNone, kQuota | kQuotaroot},
	{"SETQUOTA", opNone, kQuota},
	{"GETMETADATA", opNone, kMetadata},
	{"SETMETADATA", opNone, 0},
	{"GETANNOTATION", opNone, kAnnotation},
	{"SETANNOTATION", opNone, 0},
	{"LANGUAGE", opNone, kLanguage | kNamespace},
	{"COMPARATOR", opNone, kComparator},
	{"NOTIFY", opNone, kStatus},
	{"CANCELUPDATE", opNone, 0},
	{"CONVERT", opNone, kConverted},
	{"UID CONVERT", opNone, kConverted},
	{"CONVERSIONS", opNone, kConversion},
	{"GENURLAUTH", opURL, kGenurlauth},
	{"RESETKEY", opNone, 0},
	{"URLFETCH", opURL, kURLFetch},
	{"GETJMAPACCESS", opNone, kJMAPAccess},
	{"UIDBATCHES", opNone, kUIDBatches},
	{"XAPPLEPUSHSERVICE", opNone, kPush},
	{"PROXYAUTH", opNone, 0},
	{"FIND", opNone, kMailbox},
	{"BBOARD", opSelect, kSelectData},
	{"SCAN", opNone, kList},
	{"PARTIAL", opNone, kFetch},
}

// commands finds the rows by name.
var commands = func() (t table[*command]) {
	for i := range commandRows {
		t.rows = append(t.rows, row[*command]{commandRows[i].name, &commandRows[i]})
	}
	return t
}()

// statusOf is the status that a word in any case is, or "".
func statusOf(word []byte) string {
	switch len(word) {
	case 2:
		return oneOf(word, "OK", "NO")
	case 3:
		return oneOf(word, "BAD", "BYE")
	case 7:
		return oneOf(word, "PREAUTH", "PREAUTH")
	}
	return ""
}

func oneOf(word []byte, a, b string) string {
	switch {
	case equalFold(word, a):
		return a
	case equalFold(word, b):
		return b
	}
	return ""
}

// table finds values by names in any case, without an allocation.
type table[V any] struct {
	rows  []row[V]
	index *[256]uint8 // by hash: the row's number from 1; collisions go on to the next
}

type row[V any] struct {
	name  string // upper case
	value V
}

func init() {
	data.build()
	codes.build()
	commands.build()
}

// build fills the index; 256 is over twice the rows of the longest table.
func (t *table[V]) build() {
	t.index = new([256]uint8)
	for i := range t.rows {
		h := hash([]byte(t.rows[i].name))
		for t.index[h] != 0 {
			h++
		}
		t.index[h] = uint8(i + 1)
	}
}

// find is the row of a name, or nil.
func (t *table[V]) find(name []byte) *row[V] {
	for h := hash(name); t.index[h] != 0; h++ {
		if r := &t.rows[t.index[h]-1]; equalFold(name, r.name) {
			return r
		}
	}
	return nil
}

func hash(name []byte) uint8 {
	h := uint32(len(name))
	for _, c := range name {
		h = h*31 + uint32(c|0x20)
	}
	return uint8(h ^ h>>8)
}

// equalFold compares a word with a name in upper case.
func equalFold(word []byte, name string) bool {
	if len(word) != len(name) {
		return false
	}
	for i := range name {
		if upper(word[i]) != name[i] {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 0x20
	}
	return c
}

// completed is the state after a command's OK.
func (c *command) completed(state event.State) event.State {
	switch {
	case state == event.StateLogout:
		return state
	case c.op == opLogin, c.op == opAuthenticate, c.op == opClose:
		return event.StateAuthenticated
	case c.op == opUnauthenticate:
		return event.StateNotAuthenticated
	case c.op == opSelect:
		return event.StateSelected
	case c.op == opLogout:
		return event.StateLogout
	}
	return state
}
