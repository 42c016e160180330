package proxy

import (
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// maxQueued is how many octets wait for one sink before its sessions are held.
const maxQueued = 8 << 20

// record hands what sessions have to say to the sinks: a queue and a goroutine each.
type record struct {
	queues []*queue
	octets bool // some sink wants them
}

func newRecord(outputs []Output, failed func(Sink, error)) *record {
	r := &record{}
	for _, o := range outputs {
		q := &queue{out: o, failed: failed, ended: make(chan struct{})}
		q.change.L = &q.mu
		r.queues = append(r.queues, q)
		r.octets = r.octets || o.Octets
		go q.run()
	}
	return r
}

// add queues a batch for every sink. It never blocks, so that it may be called
// under a session's lock, where the order of events is made. The batch is the
// caller's again when it returns. Octets in it may stand in lent, which is
// held until the sinks have written them.
func (r *record) add(batch []wire.Item, lent *buffer) {
	for _, q := range r.queues {
		q.add(batch, lent)
	}
}

// wait holds the caller while a queue that may not drop is full.
func (r *record) wait() {
	for _, q := range r.queues {
		if !q.out.Drop {
			q.wait()
		}
	}
}

// close returns when everything queued was written. The queues end one after
// the other, in their order: what a sink finds in its last items still reaches
// those behind it.
func (r *record) close() {
	for _, q := range r.queues {
		q.close()
		<-q.ended
	}
}

// queue is what waits for one sink, bounded by octets: a sink that never drops
// holds the sessions while it is full, one that may drop loses the newest.
type queue struct {
	out    Output
	failed func(Sink, error)
	ended  chan struct{} // closed when run is over

	mu      sync.Mutex
	change  sync.Cond
	items   []wire.Item
	lent    []*buffer // what octets in items stand in
	size    int       // of items and of what is being written
	dropped dropped
	closed  bool
	dead    bool // the sink has failed
}

// dropped is what a queue had no room for.
type dropped struct {
	events int
	octets int64
}

// A queue with little in it waits for some more: to wake a sink for each line
// would cost an interactive session more than everything else that is done for it.
const (
	little = chunk
	linger = 2 * time.Millisecond
)

// itemSize is what an item weighs beside its octets: about an event.
const itemSize = 512

// most is how large a queue that may drop can be for an item to be let in:
// octets go first, which are most of it. What a session's row is made of goes
// last, as one whose end was left out would seem to be open for good.
func most(item *wire.Item) int {
	if item.Octets != nil {
		return maxQueued
	}
	switch item.Event.Kind {
	case event.KindSessionOpen, event.KindUpstreamOpen, event.KindTLS, event.KindFinding, event.KindSessionClose:
		return 4 * maxQueued
	}
	return 2 * maxQueued
}

// drop counts an item that there is no room for.
func (d *dropped) drop(item *wire.Item) {
	if item.Octets != nil {
		d.octets += int64(len(item.Octets.Data))
		return
	}
	d.events++
}

func weigh(item *wire.Item) int {
	if item.Octets != nil {
		return itemSize + len(item.Octets.Data)
	}
	return itemSize
}

func (q *queue) add(batch []wire.Item, lent *buffer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead {
		return
	}
	was := len(q.items)
	for i := range batch {
		if batch[i].Octets != nil && !q.out.Octets {
			continue
		}
		if q.out.Drop && q.size > most(&batch[i]) {
			q.dropped.drop(&batch[i])
			continue
		}
		q.items = append(q.items, batch[i])
		q.size += weigh(&batch[i])
	}
	if lent != nil && q.out.Octets {
		lent.refs.Add(1)
		q.lent = append(q.lent, lent)
	}
	if was == 0 && len(q.items) > 0 {
		q.change.Broadcast()
	}
}

func (q *queue) wait() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size > maxQueued && !q.dead {
		q.change.Wait()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.change.Broadcast()
}

// run writes what comes until the queue is closed and empty.
func (q *queue) run() {
	defer close(q.ended)
	var spare []wire.Item
	var spareLent []*buffer
	for {
		batch, lent, less, ok := q.take(spare, spareLent)
		if !ok {
			return
		}
		if d, told := q.out.Sink.(Dropper); told && less != (dropped{}) {
			d.Dropped(less.events, less.octets)
		}
		err := q.out.Sink.Write(batch)
		q.written(batch, err)
		if err != nil && q.failed != nil {
			q.failed(q.out.Sink, err)
		}
		clear(batch)
		spare = batch[:0]
		if q.out.Copies {
			for _, b := range lent {
				b.release()
			}
		}
		clear(lent)
		spareLent = lent[:0]
	}
}

// take waits for items and takes all there are.
func (q *queue) take(spare []wire.Item, spareLent []*buffer) (batch []wire.Item, lent []*buffer, less dropped, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		if q.closed {
			return nil, nil, less, false
		}
		q.change.Wait()
	}
	if q.size < little && !q.closed {
		q.mu.Unlock()
		time.Sleep(linger)
		q.mu.Lock()
	}
	batch, q.items = q.items, spare
	lent, q.lent = q.lent, spareLent
	less, q.dropped = q.dropped, dropped{}
	return batch, lent, less, true
}

// written gives the room of a batch back. A sink that failed gets no more, and
// holds nobody.
func (q *queue) written(batch []wire.Item, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range batch {
		q.size -= weigh(&batch[i])
	}
	if err != nil {
		q.dead, q.items, q.lent, q.size = true, nil, nil, 0
	}
	q.change.Broadcast()
}
