package explain

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap"
	"mailtap/parse/imap/syntax"
)

// commandNote words a command: by its data, else by what it does in general.
func commandNote(e *event.Event) string {
	if note := argsNote(e); note != "" && (e.Odd&event.OddUnread == 0 || loggingIn(e)) {
		return note
	}
	if t, ok := syntax.Commands.Find(e.Name); ok {
		return t.Meaning
	}
	if strings.HasPrefix(e.Name, "X") && len(e.Name) > 1 {
		return "a command of an experiment or of one vendor"
	}
	if e.Name != "" {
		return "no command of IMAP that is known here"
	}
	return ""
}

// loggingIn reports whether what could be read of a command is the session's
// own reading: who logs in, and how.
func loggingIn(e *event.Event) bool {
	switch e.Data.(type) {
	case *imap.Login, *imap.Auth:
		return true
	}
	return false
}

// argsNote words the commands that say more by their arguments.
func argsNote(e *event.Event) string {
	switch a := e.Data.(type) {
	case *imap.Login:
		return joined("; ", "logs in as "+quote(a.User)+" with a password", passwordNote(a.Shape))
	case *imap.Auth:
		return authNote(a)
	case *syntax.LoginArgs:
		return "logs in as " + quote(a.User) + " with a password"
	case *syntax.AuthenticateArgs:
		return "logs in by " + a.Mechanism
	case *syntax.EnableArgs:
		return enableNote(a)
	case *syntax.CompressArgs:
		return "asks to go on compressed by " + a.Algorithm
	case *syntax.ProxyAuthArgs:
		return "asks to go on as " + quote(a.User)
	case *syntax.ID:
		return idNote(a, "the client")
	case *syntax.LanguageArgs:
		return languageNote(a)
	case *syntax.ComparatorArgs:
		if len(a.Choices) == 0 {
			return "asks how the server compares texts"
		}
		return "asks to compare texts by " + list(a.Choices, "or else")
	}
	if note := mailboxNote(e); note != "" {
		return note
	}
	return messageNote(e)
}

func languageNote(a *syntax.LanguageArgs) string {
	switch {
	case len(a.Ranges) == 0:
		return "asks which languages the server can speak"
	case len(a.Ranges) == 1 && strings.EqualFold(a.Ranges[0], "DEFAULT"):
		return "asks for texts in the server's own language"
	}
	return "asks for texts in " + list(a.Ranges, "or else")
}

func passwordNote(shape string) string {
	if shape == "" {
		return ""
	}
	return "it is " + shape
}

func authNote(a *imap.Auth) string {
	note := "logs in by " + firstOf(a.Mech, "a mechanism that it does not name")
	if a.Initial == nil {
		return joined("; ", note, plusNote(a.Mech, nil))
	}
	if u := a.Initial.User; u != "" {
		note += " as " + quote(u)
	}
	if z := a.Initial.Authz; z != "" && z != a.Initial.User {
		note += ", to act as " + quote(z)
	}
	return joined("; ", note, beyondName(a.Initial), plusNote(a.Mech, a.Initial))
}

func enableNote(a *syntax.EnableArgs) string {
	var names []string
	for _, c := range a.Capabilities {
		names = append(names, string(c))
	}
	return "switches on " + and(names)
}

// idNote words ID of either side.
func idNote(d *syntax.ID, who string) string {
	name := joined(" ", d.Get("name"), d.Get("version"))
	switch {
	case name == "" && len(d.Params) == 0:
		return who + " does not say what it is"
	case name == "":
		return who + " says " + count(len(d.Params), "thing") + " of itself, but not its name"
	}
	return joined(", ", who+" is "+quote(name), on(d.Get("os")), by(d.Get("vendor")))
}

func on(os string) string {
	if os == "" {
		return ""
	}
	return "on " + quote(os)
}

func by(vendor string) string {
	if vendor == "" {
		return ""
	}
	return "by " + quote(vendor)
}

// mailboxNote words the commands on mailboxes.
func mailboxNote(e *event.Event) string {
	switch a := e.Data.(type) {
	case *syntax.SelectArgs:
		return selectNote(a, e.Name)
	case *syntax.MailboxArgs:
		return oneMailbox(e.Name, box(a.Mailbox))
	case *syntax.CreateArgs:
		return createNote(a)
	case *syntax.RenameArgs:
		return "gives the mailbox " + box(a.From) + " the name " + box(a.To)
	case *syntax.ListArgs:
		return listArgsNote(a, e.Name)
	case *syntax.StatusArgs:
		return "asks how " + box(a.Mailbox) + " stands: " + andAll(terms(syntax.StatusItems, a.Items))
	case *syntax.QuotaRootArgs:
		return "asks for the usage and limits of " + quotaRoot(a.Root)
	case *syntax.SetQuotaArgs:
		if len(a.Limits) == 0 {
			return "takes all limits from " + quotaRoot(a.Root)
		}
		return "sets the limits of " + quotaRoot(a.Root) + ": " + limits(a)
	case *syntax.ACLArgs:
		return aclArgsNote(a, e.Name)
	case *syntax.GetMetadataArgs:
		return getMetadataNote(a)
	case *syntax.SetMetadataArgs:
		return "changes annotations of " + place(a.Mailbox) + ": " + and(entries(a, "removed"))
	case *syntax.NotifyArgs:
		return notifyNote(a)
	case *syntax.AnnotationArgs:
		verb := "asks for annotations of "
		if e.Name == "SETANNOTATION" {
			verb = "changes annotations of "
		}
		return verb + place(a.Mailbox) + ", the way before METADATA: " + treeWords(a.Entries)
	case *syntax.FindArgs:
		what := map[string]string{"MAILBOXES": "subscribed mailboxes", "BBOARDS": "subscribed bulletin boards", "ALL.BBOARDS": "bulletin boards"}[a.What]
		return "asks for the " + firstOf(what, "mailboxes") + " that match " + box(a.Pattern) + ", as it was done before LIST"
	case *syntax.ScanArgs:
		return "asks for the mailboxes that match " + quote(a.Reference+a.Pattern.Name) + " and have " + quote(a.Text) + " in them"
	}
	return ""
}

func oneMailbox(command, mailbox string) string {
	switch command {
	case "DELETE":
		return "removes the mailbox " + mailbox + " for good"
	case "SUBSCRIBE":
		return "adds " + mailbox + " to the subscribed mailboxes"
	case "UNSUBSCRIBE":
		return "takes " + mailbox + " from the subscribed mailboxes"
	case "GETQUOTAROOT":
		return "asks which quotas " + mailbox + " falls under"
	case "GETACL":
		return "asks who may do what in " + mailbox
	case "MYRIGHTS":
		return "asks what the user may do in " + mailbox
	case "BBOARD":
		return "opens the bulletin board " + mailbox + ", as it was done before SELECT"
	}
	return ""
}

func selectNote(a *syntax.SelectArgs, name string) string {
	note := "opens " + box(a.Mailbox)
	if name == "EXAMINE" {
		note += " read-only"
	}
	if q := a.QResync; q != nil {
		note += fmt.Sprintf(", and asks for what changed since mod-sequence %d", q.ModSeq)
		if !q.Known.IsZero() {
			note += " in " + messages(q.Known, true)
		}
		note += fmt.Sprintf(", provided that the UID validity is still %d", q.UIDValidity)
	} else if a.CondStore {
		note += ", with mod-sequences"
	}
	return note
}

func createNote(a *syntax.CreateArgs) string {
	note := "makes the mailbox " + box(a.Mailbox)
	if len(a.Use) > 0 {
		note += " for " + and(terms(syntax.MailboxAttributes, a.Use))
	}
	return note
}

// listArgsNote words LIST and its kin.
func listArgsNote(a *syntax.ListArgs, name string) string {
	what := "mailboxes"
	if name == "LSUB" || name == "RLSUB" || hasOption(a.Select, "SUBSCRIBED") {
		what = "subscribed mailboxes"
	}
	if hasOption(a.Select, "SPECIAL-USE") {
		what = "mailboxes for special uses"
	}
	note := "asks for " + patterns(a, what)
	if hasOption(a.Select, "RECURSIVEMATCH") {
		note += ", and those that have such below them"
	}
	if hasOption(a.Select, "REMOTE") || name == "RLIST" || name == "RLSUB" {
		note += ", on other servers too"
	}
	var wants []string
	for _, o := range a.Return {
		switch o.Name {
		case "STATUS":
			wants = append(wants, joined(" ", "their counts", bracketed(terms(syntax.StatusItems, texts(o.Value)))))
		case "SPECIAL-USE":
			wants = append(wants, "what they are for")
		case "CHILDREN":
			wants = append(wants, "whether others are below them")
		case "SUBSCRIBED":
			wants = append(wants, "which are subscribed")
		case "MYRIGHTS":
			wants = append(wants, "the user's rights")
		case "METADATA":
			wants = append(wants, joined(" ", "their annotations", bracketed(texts(o.Value))))
		}
	}
	if name == "XLIST" {
		wants = append(wants, "what they are for")
	}
	return joined("; wants ", note, and(wants))
}

// bracketed lists names in parentheses.
func bracketed(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "(" + and(names) + ")"
}

// texts are the words of a list.
func texts(list *syntax.Node) (words []string) {
	if list == nil {
		return nil
	}
	for _, n := range list.List {
		words = append(words, n.Text)
	}
	return words
}

func hasOption(options []syntax.Option, name string) bool {
	for _, o := range options {
		if o.Name == name {
			return true
		}
	}
	return false
}

// patterns words which mailboxes are asked for.
func patterns(a *syntax.ListArgs, what string) string {
	if len(a.Patterns) == 1 {
		switch p := a.Reference + a.Patterns[0].Name; {
		case a.Patterns[0].Name == "":
			return "the hierarchy's delimiter"
		case p == "*":
			return "all " + what
		case p == "%":
			return "the " + what + " of the top level"
		case !strings.ContainsAny(p, "*%"):
			return "the mailbox " + quote(p)
		}
	}
	var names []string
	for _, p := range a.Patterns {
		names = append(names, quote(a.Reference+p.Name))
	}
	return "the " + what + " that match " + list(names, "or")
}

// terms is names by their meanings where a table has them.
func terms(table syntax.Terms, names []string) (words []string) {
	for _, n := range names {
		if t, ok := table.Find(n); ok {
			n = t.Meaning
		}
		words = append(words, n)
	}
	return words
}

// filtered words the mailboxes that NOTIFY and ESEARCH are about.
func filtered(o syntax.Option) string {
	var names []string
	if o.Value != nil {
		for _, n := range append(o.Value.List, *o.Value) {
			if n.Text != "" {
				names = append(names, box(syntax.NewMailbox(n.Text)))
			}
		}
	}
	switch {
	case len(names) == 0:
		return meaning(syntax.NotifyEvents, o.Name)
	case o.Name == "SUBTREE":
		return and(names) + " and what is below"
	case o.Name == "SUBTREE-ONE":
		return and(names) + " and one level below"
	}
	return and(names)
}

func notifyNote(a *syntax.NotifyArgs) string {
	if a.None {
		return "wants to be told of no changes"
	}
	var words []string
	for _, g := range a.Groups {
		var names []string
		for _, ev := range g.Events {
			names = append(names, ev.Name)
		}
		what := andAll(terms(syntax.NotifyEvents, names))
		if what == "" {
			what = "nothing"
		}
		words = append(words, what+" in "+filtered(g.Mailboxes))
	}
	note := "wants to be told of " + strings.Join(words, "; of ")
	if a.Status {
		note += "; and how these mailboxes stand now"
	}
	return note
}
