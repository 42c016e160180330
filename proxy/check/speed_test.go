package check

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Where a firewall swallows everything a check waits once for all of it: what
// it connects to for the settings it connects to at the same time, and so with
// the mail servers.
func TestSilenceIsWaitedForOnce(t *testing.T) {
	l := newLab(t)
	l.zone(`example.test. A 192.0.2.1
		autoconfig.example.test. A 192.0.2.2
		autodiscover.example.test. A 192.0.2.3
		mail.example.test. A 192.0.2.4
		mail.example.test. A 192.0.2.5
		imap.example.test. A 192.0.2.6
		pop.example.test. A 192.0.2.7`)
	l.publish()
	var mu sync.Mutex
	waiting := map[string]int{}
	gate := func(name string, n int) func(ctx context.Context) {
		all := make(chan struct{})
		return func(ctx context.Context) {
			mu.Lock()
			if waiting[name]++; waiting[name] == n {
				close(all)
			}
			mu.Unlock()
			select {
			case <-all:
			case <-ctx.Done():
			}
		}
	}
	// Autoconfig asks two hosts over https and http, Autodiscover two over https and one over http.
	web, mail := gate("web", 4+3), gate("mail", 2+4+2+2+4+2)
	target, err := ParseTarget(domain)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), target, Options{DNS: l.dns, Timeout: time.Minute, Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		if wait := web; port == "443" || port == "80" {
			wait(ctx)
		} else {
			mail(ctx)
		}
		return nil, fmt.Errorf("dialling: %w", context.DeadlineExceeded)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if waiting["web"] != 7 || waiting["mail"] != 16 {
		t.Errorf("%v connections were tried", waiting)
	}
	wantFindings(t, r, "net.timeout")
	if got := text(t, r); !strings.Contains(flat(got), "there is no server that a mail client could use: 1 error") {
		t.Errorf("the report is\n%s", got)
	}
}

// A name server that does not answer is not taken for a mail server that refuses.
func TestNoNameServerForHost(t *testing.T) {
	l := newLab(t)
	l.dns = fmt.Sprintf("127.0.0.1:%d", l.closed())
	r := l.ask("imaps://mail.example.test", Options{})
	wantFindings(t, r, "net.name")
	if got := flat(text(t, r)); !strings.Contains(got, "cannot be looked up") {
		t.Errorf("the report is\n%s", got)
	}
}
