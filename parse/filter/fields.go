package filter

import (
	"encoding/json"
	"math"
	"reflect"
	"time"

	"github.com/expr-lang/expr/types"

	"mailtap/parse/event"
	"mailtap/parse/explain"
)

const (
	firstNumber = reflect.Int
	lastNumber  = reflect.Float64
)

// Type is what a field holds.
type Type string

// The types of fields.
const (
	Text   Type = "text"   // empty where absent
	Number Type = "number" // no comparison with an absent one is true
	Flag   Type = "flag"   // true or false
	List   Type = "list"   // of texts
	Tree   Type = "tree"   // parsed parts, by their JSON names
)

// Field is a name that expressions may use.
type Field struct {
	Name    string
	Type    Type
	Meaning string
}

// Fields lists them all, in the order of the JSON form.
func Fields() []Field {
	all := make([]Field, len(fields))
	for i := range fields {
		all[i] = fields[i].Field
	}
	return all
}

type field struct {
	Field
	get func(e *event.Event) any
}

func text(name, meaning string, get func(e *event.Event) string) field {
	return field{Field{name, Text, meaning}, func(e *event.Event) any { return get(e) }}
}

// number's get tells whether the event has it.
func number(name, meaning string, get func(e *event.Event) (int64, bool)) field {
	return field{Field{name, Number, meaning}, func(e *event.Event) any {
		if n, ok := get(e); ok {
			return float64(n)
		}
		return math.NaN()
	}}
}

func flag(name, meaning string, get func(e *event.Event) bool) field {
	return field{Field{name, Flag, meaning}, func(e *event.Event) any { return get(e) }}
}

func list(name, meaning string, get func(e *event.Event) []string) field {
	return field{Field{name, List, meaning}, func(e *event.Event) any { return get(e) }}
}

func tree(name, meaning string, get func(e *event.Event) any) field {
	return field{Field{name, Tree, meaning}, func(e *event.Event) any { return asTree(get(e)) }}
}

// asTree is v as its JSON form's maps and lists, nil where v is nil: typed
// parts are reached by the names that the log shows.
func asTree(v any) any {
	if v == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(data, &out) != nil {
		return nil
	}
	return out
}

// environment is what the checker is told: each field's type.
func environment() types.Map {
	env := make(types.Map, len(fields))
	for _, f := range fields {
		switch f.Type {
		case Text:
			env[f.Name] = types.String
		case Number:
			env[f.Name] = types.Float64
		case Flag:
			env[f.Name] = types.Bool
		case List:
			env[f.Name] = types.Array(types.String)
		case Tree:
			env[f.Name] = types.Any
		}
	}
	return env
}

// The parts of an event that not every event has; the zero value where absent.
func context(e *event.Event) event.Context { return deref(e.Context) }
func route(e *event.Event) event.Route     { return deref(e.Route) }
func tls(e *event.Event) event.TLS         { return deref(e.TLS) }
func found(e *event.Event) event.Finding   { return deref(e.Finding) }
func closed(e *event.Event) event.Close    { return deref(e.Close) }

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func unlessZero(n int64) (int64, bool) { return n, n != 0 }

// fields are the fields of event.JSON, in its order.
var fields = []field{
	number("v", "1 in listening and session.open", func(e *event.Event) (int64, bool) {
		return 1, e.Kind == event.KindListening || e.Kind == event.KindSessionOpen
	}),
	text("time", "RFC 3339, UTC", func(e *event.Event) string { return e.Time.UTC().Format(time.RFC3339Nano) }),
	text("level", "info, warn, error", explain.Level),
	text("event", "command, response, greeting, tls, finding, session.open, ...", func(e *event.Event) string { return string(e.Kind) }),
	text("session", "the session's id", func(e *event.Event) string { return context(e).Session }),
	number("seq", "the event's number in its session", func(e *event.Event) (int64, bool) { return unlessZero(e.Seq) }),
	number("after", "findings and marks: the seq they follow", func(e *event.Event) (int64, bool) {
		return e.After, e.Kind == event.KindFinding || e.Kind == event.KindMark
	}),
	text("proto", "imap or pop3", func(e *event.Event) string { return context(e).Proto.String() }),
	text("user", "from the login on", func(e *event.Event) string { return context(e).User }),
	text("mailbox", "while one is selected", func(e *event.Event) string { return context(e).Mailbox }),
	text("client_id", "name and version from IMAP ID", func(e *event.Event) string { return context(e).ClientID }),
	text("listen", "session.open: where the client connected", func(e *event.Event) string { return route(e).Listen }),
	text("upstream", "session.open: where its server is", func(e *event.Event) string { return route(e).Upstream }),
	text("client", "session.open: the client's address", func(e *event.Event) string { return route(e).Client }),
	text("server", "upstream.open: the server's address", func(e *event.Event) string { return route(e).Server }),
	number("dial_us", "upstream.open: microseconds to connect", func(e *event.Event) (int64, bool) {
		d := route(e).Dial
		return d.D.Microseconds(), d.Known
	}),
	text("settings", "listening: what to type into the mail client", func(e *event.Event) string { return route(e).Settings }),
	text("side", "tls: client or server", func(e *event.Event) string { return tls(e).Side.String() }),
	text("version", "tls: the version agreed", func(e *event.Event) string { return tls(e).Version }),
	text("cipher", "tls: the cipher suite agreed", func(e *event.Event) string { return tls(e).Cipher }),
	text("sni", "tls: the name asked for", func(e *event.Event) string { return tls(e).SNI }),
	text("alpn", "tls: the protocol agreed", func(e *event.Event) string { return tls(e).ALPN }),
	text("hello", "tls: names what the client offers, the same for the same program", func(e *event.Event) string { return tls(e).Hello }),
	flag("resumed", "tls: an earlier session was resumed", func(e *event.Event) bool { t := tls(e); return t.Resumed && t.Failure == "" }),
	tree("peer", "tls: the peer's certificates", func(e *event.Event) any {
		if peer := tls(e).Peer; len(peer) > 0 {
			return peer
		}
		return nil
	}),
	text("failure", "tls, upstream.open: why it failed", func(e *event.Event) string { return tls(e).Failure + route(e).Failure }),
	text("dir", "c, s, or p (mailtap)", func(e *event.Event) string { return e.Dir.Letter() }),
	text("to", "of p: client or server", func(e *event.Event) string { return e.To.String() }),
	text("leg", "server where only the server's leg has it", func(e *event.Event) string { return e.Leg.String() }),
	text("tag", "IMAP's tag, * if untagged", func(e *event.Event) string { return e.Tag }),
	text("name", "LOGIN, UID FETCH, RETR; EXISTS", func(e *event.Event) string { return e.Name }),
	text("status", "OK NO BAD PREAUTH BYE +OK -ERR", func(e *event.Event) string { return e.Status }),
	text("code", "the response code: UIDVALIDITY, SYS/TEMP", func(e *event.Event) string { return e.Code }),
	text("for", "the command that it answers", func(e *event.Event) string { return e.For }),
	number("cmd", "that command's seq", func(e *event.Event) (int64, bool) { return unlessZero(e.Cmd) }),
	number("latency_us", "microseconds until a command was completed", func(e *event.Event) (int64, bool) { return e.Latency.Microseconds(), e.Completes }),
	number("first_us", "microseconds until the first answer", func(e *event.Event) (int64, bool) { return e.First.Microseconds(), e.Completes }),
	text("text", "the line", func(e *event.Event) string { return e.Text }),
	tree("data", "the parsed parts", func(e *event.Event) any { return e.Data }),
	number("bytes", "octets on the client's leg", func(e *event.Event) (int64, bool) { return e.Bytes, e.Kind.Protocol() }),
	text("state", "the session's state after it", func(e *event.Event) string { return e.State.String() }),
	text("note", "what it means", explain.Note),
	text("rfc", "where that is defined", explain.RFC),
	text("error", "what is wrong with its syntax", func(e *event.Event) string { return e.Error }),
	flag("altered", "mailtap changed it", func(e *event.Event) bool { return e.Altered }),
	flag("dropped", "mailtap passed it on to nobody", func(e *event.Event) bool { return e.Dropped }),
	text("other", "altered: the line on the server's leg", func(e *event.Event) string { return e.Other }),
	number("other_bytes", "altered: octets on the server's leg", func(e *event.Event) (int64, bool) { return e.OtherBytes, e.Altered }),
	text("id", "finding: its stable name", func(e *event.Event) string { return found(e).ID }),
	text("severity", "finding: error, warning, info", func(e *event.Event) string { return found(e).Severity.String() }),
	text("title", "finding: what is wrong", func(e *event.Event) string { return found(e).Title }),
	text("advice", "finding, tls: what to do", func(e *event.Event) string { return found(e).Advice + tls(e).Advice }),
	list("evidence", "finding: the events it rests on", func(e *event.Event) []string { return found(e).Evidence }),
	list("also", "finding: other ids that it may be", func(e *event.Event) []string { return found(e).Also }),
	number("count", "finding: how often", func(e *event.Event) (int64, bool) { return unlessZero(int64(found(e).Count)) }),
	flag("recorded", "finding: taken from the capture", func(e *event.Event) bool { return found(e).Recorded }),
	number("bytes_c", "session.close: protocol octets from the client", func(e *event.Event) (int64, bool) { return closed(e).BytesC, e.Close != nil }),
	number("bytes_s", "session.close: protocol octets to the client", func(e *event.Event) (int64, bool) { return closed(e).BytesS, e.Close != nil }),
	number("wire_c", "session.close: what crossed the socket from the client", func(e *event.Event) (int64, bool) { return closed(e).WireC, e.Close != nil }),
	number("wire_s", "session.close: what crossed the socket to the client", func(e *event.Event) (int64, bool) { return closed(e).WireS, e.Close != nil }),
	number("commands", "session.close: how many", func(e *event.Event) (int64, bool) { return closed(e).Commands, e.Close != nil }),
	number("duration_ms", "session.close: how long it was open", func(e *event.Event) (int64, bool) { return closed(e).Duration.Milliseconds(), e.Close != nil }),
	text("by", "session.close: client, server or proxy", func(e *event.Event) string { return closed(e).By.String() }),
	text("reason", "session.close: why", func(e *event.Event) string { return closed(e).Reason }),
	text("summary", "session.close: what the session did", func(e *event.Event) string { return closed(e).Summary }),
	text("message", "a sentence for people", explain.Message),
}
