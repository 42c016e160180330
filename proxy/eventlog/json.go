package eventlog

import (
	"time"

	"github.com/rs/zerolog"

	"mailtap/parse/event"
	"mailtap/parse/explain"
)

// fill adds the fields of e to z under the names, and in the order, of
// event.JSON, with the words filled in. The two are held equal by a test.
func fill(z *zerolog.Event, e *event.Event) *zerolog.Event {
	if e.Kind == event.KindListening || e.Kind == event.KindSessionOpen {
		z.Int("v", 1)
	}
	z.Str("time", e.Time.UTC().Format(time.RFC3339Nano))
	z.Str(zerolog.LevelFieldName, explain.Level(e))
	z.Str("event", string(e.Kind))
	fillContext(z, e)
	if e.Route != nil {
		fillRoute(z, e.Route)
	}
	if e.TLS != nil {
		fillTLS(z, e.TLS)
	}
	note, message := explain.Words(e)
	fillProtocol(z, e, note)
	if e.Finding != nil {
		fillFinding(z, e.Finding)
	}
	if e.Close != nil {
		fillClose(z, e.Close)
	}
	str(z, zerolog.MessageFieldName, message)
	return z
}

func fillContext(z *zerolog.Event, e *event.Event) {
	c := e.Context
	if c != nil {
		str(z, "session", c.Session)
	}
	num(z, "seq", e.Seq)
	if e.Finding != nil || e.Kind == event.KindMark {
		z.Int64("after", e.After)
	}
	if c == nil {
		return
	}
	str(z, "proto", c.Proto.String())
	str(z, "user", c.User)
	str(z, "mailbox", c.Mailbox)
	str(z, "client_id", c.ClientID)
}

func fillRoute(z *zerolog.Event, r *event.Route) {
	str(z, "listen", r.Listen)
	str(z, "upstream", r.Upstream)
	str(z, "client", r.Client)
	str(z, "server", r.Server)
	if r.Dial.Known {
		z.Int64("dial_us", r.Dial.D.Microseconds())
	}
	str(z, "settings", r.Settings)
	str(z, "failure", r.Failure)
}

func fillTLS(z *zerolog.Event, t *event.TLS) {
	str(z, "side", t.Side.String())
	str(z, "version", t.Version)
	str(z, "cipher", t.Cipher)
	str(z, "sni", t.SNI)
	str(z, "alpn", t.ALPN)
	str(z, "hello", t.Hello)
	if t.Failure == "" {
		z.Bool("resumed", t.Resumed)
	}
	if len(t.Peer) > 0 {
		z.Interface("peer", t.Peer)
	}
	str(z, "failure", t.Failure)
	str(z, "advice", t.Advice)
}

func fillProtocol(z *zerolog.Event, e *event.Event, note string) {
	str(z, "dir", e.Dir.Letter())
	str(z, "to", e.To.String())
	str(z, "leg", e.Leg.String())
	str(z, "tag", e.Tag)
	str(z, "name", e.Name)
	str(z, "status", e.Status)
	str(z, "code", e.Code)
	str(z, "for", e.For)
	num(z, "cmd", e.Cmd)
	if e.Completes {
		z.Int64("latency_us", e.Latency.Microseconds())
		z.Int64("first_us", e.First.Microseconds())
	}
	str(z, "text", e.Text)
	if e.Data != nil {
		z.Interface("data", e.Data)
	}
	if e.Kind.Protocol() {
		z.Int64("bytes", e.Bytes)
	}
	str(z, "state", e.State.String())
	str(z, "note", note)
	str(z, "rfc", explain.RFC(e))
	str(z, "error", e.Error)
	yes(z, "altered", e.Altered)
	yes(z, "dropped", e.Dropped)
	str(z, "other", e.Other)
	if e.Altered {
		z.Int64("other_bytes", e.OtherBytes)
	}
}

func fillFinding(z *zerolog.Event, f *event.Finding) {
	str(z, "id", f.ID)
	str(z, "severity", f.Severity.String())
	str(z, "title", f.Title)
	str(z, "advice", f.Advice)
	strs(z, "evidence", f.Evidence)
	strs(z, "also", f.Also)
	num(z, "count", int64(f.Count))
	yes(z, "recorded", f.Recorded)
}

func fillClose(z *zerolog.Event, c *event.Close) {
	z.Int64("bytes_c", c.BytesC)
	z.Int64("bytes_s", c.BytesS)
	z.Int64("wire_c", c.WireC)
	z.Int64("wire_s", c.WireS)
	z.Int64("commands", c.Commands)
	z.Int64("duration_ms", c.Duration.Milliseconds())
	str(z, "by", c.By.String())
	str(z, "reason", c.Reason)
	str(z, "summary", c.Summary)
}

// str, strs, num and yes leave out what is absent.
func str(z *zerolog.Event, name, value string) {
	if value != "" {
		z.Str(name, value)
	}
}

func strs(z *zerolog.Event, name string, values []string) {
	if len(values) > 0 {
		z.Strs(name, values)
	}
}

func num(z *zerolog.Event, name string, n int64) {
	if n != 0 {
		z.Int64(name, n)
	}
}

func yes(z *zerolog.Event, name string, is bool) {
	if is {
		z.Bool(name, true)
	}
}
