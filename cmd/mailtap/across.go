package main

import (
	"mailtap/parse/finding"
	"mailtap/parse/wire"
	"mailtap/proxy"
)

// across is a sink that looks at all sessions of a proxy together, and gives
// the proxy what it finds.
type across struct {
	seen  finding.Across
	proxy *proxy.Proxy
}

func (a *across) Write(batch []wire.Item) error {
	for i := range batch {
		if e := batch[i].Event; e != nil {
			for _, f := range a.seen.See(e) {
				a.proxy.Find(f)
			}
		}
	}
	return nil
}
