package main

import (
	"context"
	"sync"

	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// audience is the proxy's sink in the demo: it keeps what it hears until it is told.
type audience struct {
	mu      sync.Mutex
	devices map[string]string // by the client's address
	names   map[string]string // by session
	events  []*event.Event    // of sessions, in order
	closed  int               // sessions that ended, untold
	did     behaviour.Accounts
	changed chan struct{}
}

func newAudience() *audience {
	return &audience{devices: map[string]string{}, names: map[string]string{}, changed: make(chan struct{}, 1)}
}

// name says which device connects from an address.
func (a *audience) name(address, device string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.devices[address] = device
}

// Write makes it a sink.
func (a *audience) Write(batch []wire.Item) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range batch {
		e := batch[i].Event
		if e == nil || e.Context == nil {
			continue
		}
		a.events = append(a.events, e)
		a.did.See(e)
		if e.Kind == event.KindSessionClose {
			a.closed++
		}
	}
	select {
	case a.changed <- struct{}{}:
	default:
	}
	return nil
}

// ended waits until n sessions that nobody was told of have ended.
func (a *audience) ended(ctx context.Context, n int) error {
	for {
		a.mu.Lock()
		enough := a.closed >= n
		a.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-a.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sessions waits until n sessions have ended, and hands their events over.
func (a *audience) sessions(ctx context.Context, n int) ([]*event.Event, error) {
	if err := a.ended(ctx, n); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.events
	a.events, a.closed = nil, 0
	for _, e := range all {
		if e.Kind == event.KindSessionOpen && e.Route != nil {
			a.names[e.Session] = a.devices[e.Route.Client]
		}
	}
	return all, nil
}

// device is the device that a session belongs to.
func (a *audience) device(session string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.names[session]
}

// account is what the sessions of a user did.
func (a *audience) account(user string) *behaviour.Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, acc := range a.did.List() {
		if acc.User == user {
			return acc
		}
	}
	return nil
}
