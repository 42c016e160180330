package syntax

import "strings"

// commands reads the arguments of each command, from behind its name. nil is
// a command without arguments. RFC 9051 §6.
var commands map[string]func(c *cursor) any

func init() {
	commands = map[string]func(c *cursor) any{
		// Any state: RFC 9051 §6.1.
		"CAPABILITY": nil, "NOOP": nil, "LOGOUT": nil, "ID": (*cursor).idArgs,
		"LANGUAGE": (*cursor).languageArgs,
		// Not authenticated: §6.2.
		"STARTTLS": nil, "LOGIN": (*cursor).loginArgs, "AUTHENTICATE": (*cursor).authenticateArgs,
		// Authenticated: §6.3.
		"ENABLE": (*cursor).enableArgs, "SELECT": (*cursor).selectArgs, "EXAMINE": (*cursor).selectArgs,
		"CREATE": (*cursor).createArgs, "DELETE": (*cursor).mailboxArgs, "RENAME": (*cursor).renameArgs,
		"SUBSCRIBE": (*cursor).mailboxArgs, "UNSUBSCRIBE": (*cursor).mailboxArgs,
		"LIST": (*cursor).listArgs, "LSUB": (*cursor).lsubArgs, "XLIST": (*cursor).lsubArgs,
		"RLIST": (*cursor).lsubArgs, "RLSUB": (*cursor).lsubArgs,
		"NAMESPACE": nil, "STATUS": (*cursor).statusArgs, "APPEND": (*cursor).appendArgs, "IDLE": nil,
		"GETQUOTA": (*cursor).quotaRootArgs, "GETQUOTAROOT": (*cursor).mailboxArgs, "SETQUOTA": (*cursor).setQuotaArgs,
		"GETACL": (*cursor).mailboxArgs, "SETACL": (*cursor).aclArgs, "DELETEACL": (*cursor).aclArgs,
		"LISTRIGHTS": (*cursor).aclArgs, "MYRIGHTS": (*cursor).mailboxArgs,
		"GETMETADATA": (*cursor).getMetadataArgs, "SETMETADATA": (*cursor).setMetadataArgs,
		"GETANNOTATION": (*cursor).getAnnotationArgs, "SETANNOTATION": (*cursor).setAnnotationArgs,
		"NOTIFY": (*cursor).notifyArgs, "COMPARATOR": (*cursor).comparatorArgs,
		"GENURLAUTH": (*cursor).genURLAuthArgs, "RESETKEY": (*cursor).resetKeyArgs, "URLFETCH": (*cursor).urlFetchArgs,
		"CONVERSIONS": (*cursor).conversionsArgs, "COMPRESS": (*cursor).compressArgs,
		"UNAUTHENTICATE": nil, "GETJMAPACCESS": nil, "PROXYAUTH": (*cursor).proxyAuthArgs,
		"XAPPLEPUSHSERVICE": (*cursor).pushArgs, "ESEARCH": (*cursor).multiSearchArgs,
		// Selected: §6.4.
		"CHECK": nil, "CLOSE": nil, "UNSELECT": nil, "EXPUNGE": nil, "UID EXPUNGE": (*cursor).setArgs,
		"SEARCH": (*cursor).searchArgs, "UID SEARCH": (*cursor).searchArgs,
		"FETCH": (*cursor).fetchArgs, "UID FETCH": (*cursor).uidFetchArgs,
		"STORE": (*cursor).storeArgs, "UID STORE": (*cursor).storeArgs,
		"COPY": (*cursor).copyArgs, "UID COPY": (*cursor).copyArgs,
		"MOVE": (*cursor).copyArgs, "UID MOVE": (*cursor).copyArgs,
		"SORT": (*cursor).sortArgs, "UID SORT": (*cursor).sortArgs,
		"THREAD": (*cursor).threadArgs, "UID THREAD": (*cursor).threadArgs,
		"REPLACE": (*cursor).replaceArgs, "UID REPLACE": (*cursor).replaceArgs,
		"CANCELUPDATE": (*cursor).cancelUpdateArgs,
		"CONVERT":      (*cursor).convertArgs, "UID CONVERT": (*cursor).convertArgs,
		"UIDBATCHES": (*cursor).uidBatchesArgs,
		// Obsolete.
		"FIND": (*cursor).findArgs, "BBOARD": (*cursor).mailboxArgs, "SCAN": (*cursor).scanArgs, "PARTIAL": (*cursor).partialArgs,
	}
}

// Command reads one whole command, its line end included or not.
func Command(m Message) Cmd {
	c := newCursor(m, "command")
	defer c.done()
	cmd := Cmd{Tag: c.tag()}
	c.sp()
	cmd.Name = c.commandName()
	if !c.stopped {
		read, known := commands[cmd.Name]
		switch {
		case !known:
			cmd.Data = c.unknownArgs()
		case read != nil:
			outer := c.enter(strings.ToLower(cmd.Name))
			cmd.Data = read(c)
			c.leave(outer)
		}
	}
	c.finish()
	cmd.Err = c.err
	return cmd
}

// tag reads a tag. RFC 9051 §2.2.1.
func (c *cursor) tag() string {
	outer := c.enter("tag")
	b := c.span(tagChar)
	if len(b) == 0 {
		c.fail("tag")
		return ""
	}
	c.leave(outer)
	return string(b)
}

// commandName reads a command's name; "UID" takes the next word too.
func (c *cursor) commandName() string {
	outer := c.enter("command-name")
	defer c.leave(outer)
	begin := c.pos
	name := c.name()
	if name == "UID" && c.sp() {
		begin = c.pos
		name = "UID " + c.name()
		if _, known := commands[name]; !known {
			c.defectAt(begin, "a command that takes UIDs", "")
		}
		return name
	}
	if name != "" && name[0] != 'X' && strings.IndexFunc(name, notInName) >= 0 {
		c.defectAt(begin, "a name of letters", "")
	}
	return name
}

// notInName reports whether r stands in no command's name: those of X… are free.
func notInName(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
}

// unknownArgs reads the arguments of a command without a rule: nil without any.
func (c *cursor) unknownArgs() any {
	outer := c.enter("x-command")
	defer c.leave(outer)
	if !c.more() {
		return nil
	}
	return c.tree()
}

// equalNames reports whether two ASCII names are the same in any case.
func equalNames(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
