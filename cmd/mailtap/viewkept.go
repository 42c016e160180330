package main

import (
	"fmt"
	"sync"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// keptOctets bounds what a viewer without a recording keeps for saving.
const keptOctets = 64 << 20

// kept is the record of the newest sessions, as long as they are not too much:
// what `w` saves where nothing is recorded. The oldest sessions go first.
type kept struct {
	mu       sync.Mutex
	limit    int64
	size     int64
	order    []string
	sessions map[string]*keptSession
}

type keptSession struct {
	items []wire.Item
	size  int64
	part  bool // items of it were not kept
}

func newKept(limit int64) *kept { return &kept{limit: limit, sessions: map[string]*keptSession{}} }

// add keeps a batch.
func (k *kept) add(batch []wire.Item) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, item := range batch {
		if item.Session == "" {
			continue
		}
		s := k.sessions[item.Session]
		if s == nil {
			s = &keptSession{part: item.Event == nil || item.Event.Kind != event.KindSessionOpen}
			k.sessions[item.Session] = s
			k.order = append(k.order, item.Session)
		}
		n := costOf(item)
		s.items, s.size = append(s.items, item), s.size+n
		k.size += n
	}
	for k.size > k.limit && len(k.order) > 0 {
		k.forget(k.order[0])
	}
}

// missed says that items were lost on the way here: of which sessions nobody knows.
func (k *kept) missed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.sessions {
		s.part = true
	}
}

func (k *kept) forget(id string) {
	k.size -= k.sessions[id].size
	delete(k.sessions, id)
	k.order = k.order[1:]
}

// costOf is about how many octets an item holds.
func costOf(item wire.Item) int64 {
	const event = 512
	if item.Octets != nil {
		return event/2 + int64(len(item.Octets.Data))
	}
	return event + int64(len(item.Event.Text))
}

// save writes a session to a new capture.
func (k *kept) save(id, path string) error {
	k.mu.Lock()
	s := k.sessions[id]
	var items []wire.Item
	part := false
	if s != nil {
		items, part = append(items, s.items...), s.part
	}
	k.mu.Unlock()
	if s == nil || part {
		return fmt.Errorf("session %s is no longer kept whole; proxy --record PATH keeps everything", id)
	}
	return saveSession(path, func(fn func(wire.Item) error) error {
		for _, item := range items {
			if err := fn(item); err != nil {
				return err
			}
		}
		return nil
	})
}
