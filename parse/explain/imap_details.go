package explain

import (
	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// imapDetails is the names of an IMAP event, each with what it is for.
func imapDetails(e *event.Event) (list []Detail) {
	switch d := e.Data.(type) {
	case *syntax.CapabilityData:
		return capabilityDetails(d)
	case *syntax.FlagsData:
		return flagDetails(d)
	case *syntax.FetchData:
		return flagDetails(&syntax.FlagsData{Flags: d.Flags})
	case *syntax.ListData:
		return lookup(syntax.MailboxAttributes, d.Attributes)
	case *syntax.MyRightsData:
		for _, r := range d.Rights {
			list = append(list, lookup(syntax.Rights, []string{string(r)})...)
		}
		return list
	case *syntax.StatusArgs:
		return lookup(syntax.StatusItems, d.Items)
	case *syntax.Status:
		if d.Code != "" {
			list = lookup(syntax.ResponseCodes, []string{d.Code})
		}
		switch a := d.Args.(type) {
		case *syntax.CapabilityData:
			list = append(list, capabilityDetails(a)...)
		case *syntax.FlagsData:
			list = append(list, flagDetails(a)...)
		}
	}
	return list
}

func capabilityDetails(d *syntax.CapabilityData) []Detail {
	var names []string
	for _, c := range d.Capabilities {
		names = append(names, string(c))
	}
	return lookup(syntax.CapabilityNames, names)
}

func flagDetails(d *syntax.FlagsData) []Detail {
	var names []string
	for _, f := range d.Flags {
		names = append(names, string(f))
	}
	return lookup(syntax.Flags, names)
}

// lookup is names with their meanings; those that no table has say so.
func lookup(table syntax.Terms, names []string) (list []Detail) {
	for _, n := range names {
		t, ok := table.Find(n)
		if !ok {
			t.Meaning = "not known here"
		}
		list = append(list, Detail{Name: safeName(n), Meaning: t.Meaning, RFC: rfcOf(t)})
	}
	return list
}
