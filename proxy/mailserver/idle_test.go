package mailserver

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// A flag that is set right behind the answer to IDLE is told: often enough to
// hit the moment in which the library does not listen yet.
func TestIdleLosesNothing(t *testing.T) {
	m := boxes(t)
	server := closing(t, m.IMAP(listen(t), Options{}))
	news := make(chan struct{}, 1000)
	dial := func(o *imapclient.Options) *imapclient.Client {
		c, err := imapclient.DialInsecure(server.Addr().String(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.Login(user, password).Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	phone := dial(&imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Fetch: func(f *imapclient.FetchMessageData) {
		for f.Next() != nil {
		}
		news <- struct{}{}
	}}})
	laptop := dial(nil)
	for i := range 60 {
		idle, err := phone.Idle()
		if err != nil {
			t.Fatal(err)
		}
		op := []imap.StoreFlagsOp{imap.StoreFlagsAdd, imap.StoreFlagsDel}[i%2]
		if err := laptop.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: op, Flags: []imap.Flag{imap.FlagFlagged}}, nil).Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-news:
		case <-time.After(20 * time.Second):
			t.Fatalf("the %d. change was not told", i+1)
		}
		if err := idle.Close(); err != nil {
			t.Fatal(err)
		}
		if err := idle.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}
