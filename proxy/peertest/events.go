package peertest

import (
	"testing"
	"time"
)

// Event is a line of mailtap's log as another program reads it: by the names
// that are promised, and nothing of mailtap's own code.
type Event struct {
	Time     time.Time `json:"time"`
	Event    string    `json:"event"`
	Session  string    `json:"session"`
	Seq      int64     `json:"seq"`
	Proto    string    `json:"proto"`
	User     string    `json:"user"`
	Listen   string    `json:"listen"`
	Upstream string    `json:"upstream"`
	Side     string    `json:"side"`
	Version  string    `json:"version"`
	Failure  string    `json:"failure"`
	Dir      string    `json:"dir"`
	To       string    `json:"to"`
	Leg      string    `json:"leg"`
	Tag      string    `json:"tag"`
	Name     string    `json:"name"`
	Status   string    `json:"status"`
	Code     string    `json:"code"`
	For      string    `json:"for"`
	Cmd      int64     `json:"cmd"`
	Text     string    `json:"text"`
	Bytes    *int64    `json:"bytes"`
	State    string    `json:"state"`
	Error    string    `json:"error"`
	Altered  bool      `json:"altered"`
	ID       string    `json:"id"`
	Severity string    `json:"severity"`
	BytesC   int64     `json:"bytes_c"`
	BytesS   int64     `json:"bytes_s"`
	Commands int64     `json:"commands"`
	By       string    `json:"by"`
	Message  string    `json:"message"`
}

// Sessions groups events by session, in the order of the log.
func Sessions(events []Event) map[string][]Event {
	sessions := map[string][]Event{}
	for _, e := range events {
		if e.Session != "" {
			sessions[e.Session] = append(sessions[e.Session], e)
		}
	}
	return sessions
}

// CheckSessions holds a whole log against what is promised of every session:
// seq counts from 1 without gaps, session.open and session.close stand at its
// ends, and the bytes of its events add up to its totals.
func CheckSessions(t testing.TB, events []Event) {
	t.Helper()
	for id, session := range Sessions(events) {
		checkSeq(t, id, session)
		checkSums(t, id, session)
	}
}

func checkSeq(t testing.TB, id string, session []Event) {
	t.Helper()
	var last Event
	for _, e := range session {
		if e.Event == "finding" {
			continue
		}
		if e.Seq != last.Seq+1 {
			t.Errorf("session %s: %s has seq %d behind %d", id, e.Event, e.Seq, last.Seq)
		}
		if (e.Event == "session.open") != (e.Seq == 1) {
			t.Errorf("session %s: %s is number %d", id, e.Event, e.Seq)
		}
		last = e
	}
	if last.Event != "session.close" {
		t.Errorf("session %s ends with %s (%s), want session.close", id, last.Event, last.Text)
	}
}

func checkSums(t testing.TB, id string, session []Event) {
	t.Helper()
	var fromClient, toClient, commands int64
	for _, e := range session {
		switch {
		case e.Event == "session.close":
			if e.BytesC != fromClient || e.BytesS != toClient {
				t.Errorf("session %s: its events have %d and %d bytes, its totals are %d and %d", id, fromClient, toClient, e.BytesC, e.BytesS)
			}
			if e.Commands != commands {
				t.Errorf("session %s: %d commands were logged, and %d counted", id, commands, e.Commands)
			}
		case e.Bytes == nil || e.Leg == "server":
		case e.Dir == "c":
			fromClient += *e.Bytes
		case e.Dir == "s" || e.Dir == "p" && e.To == "client":
			toClient += *e.Bytes
		}
		if e.Event == "command" && e.Dir == "c" {
			commands++
		}
	}
}
