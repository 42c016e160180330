package main

import (
	"fmt"
	"io"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// verdict is a sink that judges the session of --once, as diagnose would.
type verdict struct {
	expected *expected // the rules of --expect; nil for none
	digest   finding.Digest
}

func (v *verdict) Write(batch []wire.Item) error {
	for i := range batch {
		e := batch[i].Event
		if e == nil {
			continue
		}
		v.expected.see(e)
		v.digest.See(e)
	}
	return nil
}

// err is the answer, to be asked when the proxy is done; broken rules are told to w.
func (v *verdict) err(w io.Writer) error {
	broken, err := v.expected.report(w)
	count, worst := 0, v.digest.Worst()
	for _, f := range v.digest.Found() {
		if f.Severity >= event.SeverityWarning {
			count++
		}
	}
	switch {
	case err != nil:
		return err
	case worst >= event.SeverityWarning:
		return notAsItShouldBe{fmt.Sprintf("the session has %s; the worst is of severity %s", many(count, "finding"), worst)}
	case broken > 0:
		return notAsItShouldBe{fmt.Sprintf("the session breaks %s of --expect", many(broken, "rule"))}
	}
	return nil
}

// many is a number of things.
func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
