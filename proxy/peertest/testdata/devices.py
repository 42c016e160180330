"""Three devices of one account, as a household has them: a phone that waits in
IDLE, a laptop that changes things, and POP3 programs that take mail away, fail
to, and leave it. Each step waits for what the step before it does.

Arguments: HOST IMAPPORT POP3PORT CAFILE USER PASSWORD
"""

import imaplib
import poplib
import ssl
import sys

host, imap_port, pop_port, ca, user, password = sys.argv[1:]
poplib._MAXLINE = 1 << 20


def ok(answer):
    if answer[0] != "OK":
        raise SystemExit("not OK: %r" % (answer,))
    return answer[1]


def imap(name):
    m = imaplib.IMAP4_SSL(host, int(imap_port), ssl_context=ssl.create_default_context(cafile=ca), timeout=30)
    ok(m.login(user, password))
    ok(m.xatom("ID", '("name" "%s" "version" "1")' % name))
    ok(m.select("INBOX"))
    return m


def pop():
    m = poplib.POP3_SSL(host, int(pop_port), context=ssl.create_default_context(cafile=ca), timeout=30)
    m.user(user)
    m.pass_(password)
    return m


class Waiting:
    """An IMAP session in IDLE."""

    def __init__(self, m):
        self.m = m
        self.tag = m._new_tag()
        m.send(self.tag + b" IDLE\r\n")
        self.until(b"+")

    def until(self, word):
        while word not in self.m.readline():
            pass

    def done(self):
        self.m.send(b"DONE\r\n")
        self.until(self.tag)
        self.m.tagged_commands.pop(self.tag, None)


phone, laptop = imap("Phone"), imap("Laptop")
ok(laptop.fetch("1:4", "(UID FLAGS BODY.PEEK[HEADER])"))
ok(laptop.uid("FETCH", "1", "(BODY[])"))
waiting = Waiting(phone)
ok(laptop.uid("STORE", "7", "+FLAGS", r"(\Flagged)"))
waiting.until(b"Flagged")
ok(laptop.append("INBOX", None, None, b"Subject: from the laptop\r\n\r\nhello\r\n"))
waiting.until(b"EXISTS")
ok(laptop.create("Archive"))
ok(laptop.uid("MOVE", "4:5", "Archive"))
waiting.until(b"EXPUNGE")
waiting.done()

first = pop()
first.uidl()
first.top(1, 0)
for n in range(1, 4):
    first.retr(n)
    first.dele(n)
first.quit()
ok(phone.noop())

second = pop()
count, _ = second.stat()
second.retr(1)
second.dele(1)
second.close()

third = pop()
third.uidl()
third.retr(count)
third.quit()

ok(laptop.store("1:2", "+FLAGS.SILENT", r"(\Deleted)"))
ok(laptop.close())
laptop.logout()
ok(phone.fetch("1:*", "(UID FLAGS)"))
ok(phone.getquotaroot("INBOX"))
phone.logout()
