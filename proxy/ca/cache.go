package ca

import (
	"container/list"
	"crypto/tls"
)

// maxLeaves bounds the cache: a client that asks for ever new names costs time, not memory.
const maxLeaves = 512

// cache keeps the leaves used last. The zero value is ready.
type cache struct {
	order list.List // of *entry, the one used last in front
	index map[string]*list.Element
}

type entry struct {
	name string
	leaf *tls.Certificate
}

func (c *cache) get(name string) *tls.Certificate {
	at, ok := c.index[name]
	if !ok {
		return nil
	}
	c.order.MoveToFront(at)
	return at.Value.(*entry).leaf
}

func (c *cache) put(name string, leaf *tls.Certificate) {
	if c.index == nil {
		c.index = map[string]*list.Element{}
	}
	if at, ok := c.index[name]; ok {
		at.Value.(*entry).leaf = leaf
		c.order.MoveToFront(at)
		return
	}
	c.index[name] = c.order.PushFront(&entry{name, leaf})
	if c.order.Len() > maxLeaves {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.index, last.Value.(*entry).name)
	}
}
