package finding

// needsAll are the findings that rest on what was not said, or on where lines
// and messages begin and end. Behind a gap in a record they would blame the
// peers for what the recorder has lost.
var needsAll = map[string]bool{
	"conn.who-closed": true, "idle.nat-timeout": true, "idle.over-29min": true, "srv.bye": true,
	"pop.bad-indicator": true, "pop.dot-stuffing": true, "pop.no-quit": true, "pop.uidl-missing": true,
	"proto.client-first": true, "proto.no-cap-in-greeting": true, "proto.wrong-service": true,
	"starttls.failed": true, "starttls.not-offered": true, "starttls.stale-caps": true,
	"stream.grammar": true, "stream.literal-mismatch": true, "stream.size-mismatch": true,
	"mbox.deleted-not-expunged": true,
}

// needsBeginning are those that rest on how a session began.
var needsBeginning = map[string]bool{
	"proto.client-first": true, "proto.no-cap-in-greeting": true, "proto.wrong-service": true,
	"starttls.not-offered": true, "starttls.stale-caps": true, "pop.uidl-missing": true,
	"net.reset": true,
}
