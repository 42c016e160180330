package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// JSON is the flat form of an Event: one object a line, its names promised.
// An absent field is absent, and 0 is not absent where 0 can be measured.
type JSON struct {
	V       int    `json:"v,omitempty"`
	Time    string `json:"time"`
	Level   string `json:"level,omitempty"`
	Event   Kind   `json:"event"`
	Session string `json:"session,omitempty"`
	Seq     int64  `json:"seq,omitempty"`
	After   *int64 `json:"after,omitempty"`

	Proto    string `json:"proto,omitempty"`
	User     string `json:"user,omitempty"`
	Mailbox  string `json:"mailbox,omitempty"`
	ClientID string `json:"client_id,omitempty"`

	Listen   string `json:"listen,omitempty"`
	Upstream string `json:"upstream,omitempty"`
	Client   string `json:"client,omitempty"`
	Server   string `json:"server,omitempty"`
	DialUS   *int64 `json:"dial_us,omitempty"`
	Settings string `json:"settings,omitempty"`

	Side    string        `json:"side,omitempty"`
	Version string        `json:"version,omitempty"`
	Cipher  string        `json:"cipher,omitempty"`
	SNI     string        `json:"sni,omitempty"`
	ALPN    string        `json:"alpn,omitempty"`
	Hello   string        `json:"hello,omitempty"`
	Resumed *bool         `json:"resumed,omitempty"`
	Peer    []Certificate `json:"peer,omitempty"`
	Failure string        `json:"failure,omitempty"`

	Dir       string `json:"dir,omitempty"`
	To        string `json:"to,omitempty"`
	Leg       string `json:"leg,omitempty"`
	Tag       string `json:"tag,omitempty"`
	Name      string `json:"name,omitempty"`
	Status    string `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
	For       string `json:"for,omitempty"`
	Cmd       int64  `json:"cmd,omitempty"`
	LatencyUS *int64 `json:"latency_us,omitempty"`
	FirstUS   *int64 `json:"first_us,omitempty"`
	Text      string `json:"text,omitempty"`
	Data      any    `json:"data,omitempty"`
	Bytes     *int64 `json:"bytes,omitempty"`
	State     string `json:"state,omitempty"`
	Note      string `json:"note,omitempty"`
	RFC       string `json:"rfc,omitempty"`
	Error     string `json:"error,omitempty"`

	Altered    bool   `json:"altered,omitempty"`
	Dropped    bool   `json:"dropped,omitempty"`
	Other      string `json:"other,omitempty"`
	OtherBytes *int64 `json:"other_bytes,omitempty"`

	ID       string   `json:"id,omitempty"`
	Severity string   `json:"severity,omitempty"`
	Title    string   `json:"title,omitempty"`
	Advice   string   `json:"advice,omitempty"`
	Evidence []string `json:"evidence,omitempty"`
	Also     []string `json:"also,omitempty"`
	Count    int      `json:"count,omitempty"`
	Recorded bool     `json:"recorded,omitempty"`

	BytesC     *int64 `json:"bytes_c,omitempty"`
	BytesS     *int64 `json:"bytes_s,omitempty"`
	WireC      *int64 `json:"wire_c,omitempty"`
	WireS      *int64 `json:"wire_s,omitempty"`
	Commands   *int64 `json:"commands,omitempty"`
	DurationMS *int64 `json:"duration_ms,omitempty"`
	By         string `json:"by,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Summary    string `json:"summary,omitempty"`

	Message string `json:"message,omitempty"`
}

// MarshalJSON gives the flat form without words that were not made yet: note,
// rfc, level and message stand only where the event already has them.
func (e *Event) MarshalJSON() ([]byte, error) { return json.Marshal(e.Flat()) }

// Flat is e as its JSON form.
func (e *Event) Flat() *JSON {
	j := &JSON{
		Time: e.Time.UTC().Format(time.RFC3339Nano), Event: e.Kind, Seq: e.Seq,
		Dir: e.Dir.Letter(), To: e.To.String(), Leg: e.Leg.String(),
		Tag: e.Tag, Name: e.Name, Status: e.Status, Code: e.Code, For: e.For, Cmd: e.Cmd,
		Text: e.Text, Data: e.Data, State: e.State.String(), Error: e.Error,
		Altered: e.Altered, Dropped: e.Dropped, Other: e.Other,
		Note: e.Note, RFC: e.RFC, Message: e.Message, Level: e.Level.Level(),
	}
	if e.Kind == KindListening || e.Kind == KindSessionOpen {
		j.V = 1
	}
	if c := e.Context; c != nil {
		j.Session, j.Proto, j.User, j.Mailbox, j.ClientID = c.Session, c.Proto.String(), c.User, c.Mailbox, c.ClientID
	}
	if e.Completes {
		j.LatencyUS, j.FirstUS = ptr(e.Latency.Microseconds()), ptr(e.First.Microseconds())
	}
	if e.Kind.Protocol() || e.Kind == KindGap && e.Bytes > 0 {
		j.Bytes = ptr(e.Bytes)
	}
	if e.Altered {
		j.OtherBytes = ptr(e.OtherBytes)
	}
	if r := e.Route; r != nil {
		j.Listen, j.Upstream, j.Client, j.Server = r.Listen, r.Upstream, r.Client, r.Server
		j.Failure, j.Settings = r.Failure, r.Settings
		if r.Dial.Known {
			j.DialUS = ptr(r.Dial.D.Microseconds())
		}
	}
	if t := e.TLS; t != nil {
		j.Side, j.Version, j.Cipher, j.SNI, j.ALPN, j.Hello = t.Side.String(), t.Version, t.Cipher, t.SNI, t.ALPN, t.Hello
		j.Peer, j.Failure, j.Advice = t.Peer, t.Failure, t.Advice
		if t.Failure == "" {
			j.Resumed = ptr(t.Resumed)
		}
	}
	if e.Kind == KindMark {
		j.After = ptr(e.After)
	}
	if f := e.Finding; f != nil {
		j.After = ptr(e.After)
		j.ID, j.Severity, j.Title, j.Advice = f.ID, f.Severity.String(), f.Title, f.Advice
		j.Evidence, j.Also, j.Count, j.Recorded = f.Evidence, f.Also, f.Count, f.Recorded
	}
	if c := e.Close; c != nil {
		j.BytesC, j.BytesS, j.WireC, j.WireS = ptr(c.BytesC), ptr(c.BytesS), ptr(c.WireC), ptr(c.WireS)
		j.Commands, j.DurationMS = ptr(c.Commands), ptr(c.Duration.Milliseconds())
		j.By, j.Reason, j.Summary = c.By.String(), c.Reason, c.Summary
	}
	return j
}

// UnmarshalJSON takes the flat form; unknown names are ignored. Data becomes
// the tree that encoding/json makes of it.
func (e *Event) UnmarshalJSON(data []byte) error {
	var j JSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, j.Time)
	if err != nil {
		return fmt.Errorf("reading the time of an event: %w", err)
	}
	*e = Event{
		Time: at, Kind: j.Event, Seq: j.Seq, After: value(j.After),
		Dir: ParseSide(j.Dir), To: ParseSide(j.To),
		Tag: j.Tag, Name: j.Name, Status: j.Status, Code: j.Code, For: j.For, Cmd: j.Cmd,
		Completes: j.LatencyUS != nil,
		Latency:   micro(j.LatencyUS), First: micro(j.FirstUS),
		Text: j.Text, Data: j.Data, Bytes: value(j.Bytes), State: ParseState(j.State), Error: j.Error,
		Altered: j.Altered, Dropped: j.Dropped, Other: j.Other, OtherBytes: value(j.OtherBytes),
		Note: j.Note, RFC: j.RFC, Message: j.Message, Level: ParseLevel(j.Level),
	}
	if j.Leg == "server" {
		e.Leg = LegServer
	}
	if j.Session != "" {
		e.Context = &Context{Session: j.Session, Proto: ParseProto(j.Proto), User: j.User, Mailbox: j.Mailbox, ClientID: j.ClientID}
	}
	switch e.Kind {
	case KindListening, KindSessionOpen, KindUpstreamOpen:
		e.Route = &Route{Listen: j.Listen, Upstream: j.Upstream, Client: j.Client, Server: j.Server,
			Dial: Duration{D: micro(j.DialUS), Known: j.DialUS != nil}, Failure: j.Failure, Settings: j.Settings}
	case KindTLS:
		e.TLS = &TLS{Side: ParseSide(j.Side), Version: j.Version, Cipher: j.Cipher, SNI: j.SNI, ALPN: j.ALPN, Hello: j.Hello,
			Resumed: j.Resumed != nil && *j.Resumed, Peer: j.Peer, Failure: j.Failure, Advice: j.Advice}
	case KindFinding:
		e.Finding = &Finding{ID: j.ID, Severity: ParseSeverity(j.Severity), Title: j.Title, Advice: j.Advice,
			Evidence: j.Evidence, Also: j.Also, Count: j.Count, Recorded: j.Recorded}
	case KindSessionClose:
		e.Close = &Close{BytesC: value(j.BytesC), BytesS: value(j.BytesS), WireC: value(j.WireC), WireS: value(j.WireS),
			Commands: value(j.Commands), By: ParseSide(j.By), Reason: j.Reason, Summary: j.Summary}
		e.Close.Duration = time.Duration(value(j.DurationMS)) * time.Millisecond
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

func value(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}

func micro(p *int64) time.Duration { return time.Duration(value(p)) * time.Microsecond }
