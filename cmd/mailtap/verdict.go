package main

import (
	"fmt"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// verdict is a sink that remembers the worst finding, for --once.
type verdict struct {
	worst event.Severity
	count int
}

func (v *verdict) Write(batch []wire.Item) error {
	for i := range batch {
		if e := batch[i].Event; e != nil && e.Finding != nil {
			v.worst = max(v.worst, e.Finding.Severity)
			if e.Finding.Severity >= event.SeverityWarning {
				v.count++
			}
		}
	}
	return nil
}

// err is the answer of the session, to be asked when the proxy is done.
func (v *verdict) err() error {
	if v.worst < event.SeverityWarning {
		return nil
	}
	noun := "findings"
	if v.count == 1 {
		noun = "finding"
	}
	return notAsItShouldBe{fmt.Sprintf("the session has %d %s; the worst is of severity %s", v.count, noun, v.worst)}
}
