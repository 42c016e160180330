package syntax

// MailboxAttributes is what LIST says of a mailbox.
var MailboxAttributes = Terms{
	{`\All`, "RFC 6154 §2", "all messages"},
	{`\Archive`, "RFC 6154 §2", "the archive"},
	{`\Drafts`, "RFC 6154 §2", "drafts"},
	{`\Flagged`, "RFC 6154 §2", "flagged messages"},
	{`\Junk`, "RFC 6154 §2", "junk"},
	{`\Sent`, "RFC 6154 §2", "sent mail"},
	{`\Trash`, "RFC 6154 §2", "deleted mail"},
	{`\Important`, "RFC 8457", "important messages"},
	{`\Inbox`, "RFC 8621 §2", "the inbox"},
	{`\Memos`, "RFC 9979", "notes to oneself"},
	{`\Scheduled`, "RFC 9979", "messages to be sent later"},
	{`\Snoozed`, "RFC 9979", "messages put off"},
	{`\AllMail`, "Gmail's XLIST", "all messages"},
	{`\Spam`, "Gmail's XLIST", "junk"},
	{`\Starred`, "Gmail's XLIST", "flagged messages"},
	{`\HasChildren`, "RFC 9051 §7.3.1", "has mailboxes below it"},
	{`\HasNoChildren`, "RFC 9051 §7.3.1", "has no mailboxes below it"},
	{`\Marked`, "RFC 9051 §7.3.1", "probably has new messages"},
	{`\Unmarked`, "RFC 9051 §7.3.1", "has no new messages"},
	{`\NoInferiors`, "RFC 9051 §7.3.1", "cannot have mailboxes below it"},
	{`\Noselect`, "RFC 9051 §7.3.1", "cannot be opened"},
	{`\NonExistent`, "RFC 9051 §7.3.1", "does not exist"},
	{`\Subscribed`, "RFC 9051 §7.3.1", "subscribed"},
	{`\NoAccess`, "RFC 5465 §5.9", "may not be seen by the user any longer"},
	{`\Remote`, "RFC 9051 §7.3.1", "on another server"},
}

// Rights is the letters of access control lists.
var Rights = Terms{
	{"l", "RFC 4314 §2.1", "see the mailbox in lists"},
	{"r", "RFC 4314 §2.1", "open and read it"},
	{"s", "RFC 4314 §2.1", "keep what was read"},
	{"w", "RFC 4314 §2.1", "change other flags"},
	{"i", "RFC 4314 §2.1", "put messages into it"},
	{"p", "RFC 4314 §2.1", "send mail to it"},
	{"k", "RFC 4314 §2.1", "make mailboxes below it"},
	{"x", "RFC 4314 §2.1", "delete or rename it"},
	{"t", "RFC 4314 §2.1", "mark messages as deleted"},
	{"e", "RFC 4314 §2.1", "expunge"},
	{"a", "RFC 4314 §2.1", "change these rights"},
	{"c", "RFC 4314 §2.1.1", "make mailboxes (the letter of old)"},
	{"d", "RFC 4314 §2.1.1", "delete messages (the letter of old)"},
	{"n", "RFC 5257 §4.10", "write annotations that others see"},
	{"0-9", "RFC 4314 §2", "something that this server defines"},
}

// NotifyEvents is what NOTIFY can ask to be told of, and in which mailboxes.
var NotifyEvents = Terms{
	{"MessageNew", "RFC 5465 §5.2", "new messages"},
	{"MessageExpunge", "RFC 5465 §5.3", "messages that are gone"},
	{"FlagChange", "RFC 5465 §5.1", "changed flags"},
	{"AnnotationChange", "RFC 5465 §5.1", "changed annotations of messages"},
	{"MailboxName", "RFC 5465 §5.4", "mailboxes made, deleted and renamed"},
	{"SubscriptionChange", "RFC 5465 §5.5", "changed subscriptions"},
	{"MailboxMetadataChange", "RFC 5465 §5.6", "changed annotations of mailboxes"},
	{"ServerMetadataChange", "RFC 5465 §5.7", "changed annotations of the server"},
	{"selected", "RFC 5465 §6.1.1", "the open mailbox"},
	{"selected-delayed", "RFC 5465 §6.1.2", "the open mailbox (but of what is gone only between commands)"},
	{"inboxes", "RFC 5465 §6.3", "mailboxes that new mail may come into"},
	{"personal", "RFC 5465 §6.2", "the user's own mailboxes"},
	{"subscribed", "RFC 5465 §6.4", "subscribed mailboxes"},
	{"subtree", "RFC 5465 §6.5", "these mailboxes and those below them"},
	{"subtree-one", "RFC 7377 §2.2", "these mailboxes and those one level below"},
	{"mailboxes", "RFC 5465 §6.6", "these mailboxes"},
}
