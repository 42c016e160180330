"""Does with imaplib what mail programs do, and prints the hash of each message of INBOX.

Arguments: HOST PORT implicit|starttls|cleartext CAFILE USER PASSWORD
"""

import hashlib
import imaplib
import ssl
import sys

host, port, security, ca, user, password = sys.argv[1:]


def connect():
    context = ssl.create_default_context(cafile=ca)
    if security == "implicit":
        return imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=30)
    m = imaplib.IMAP4(host, int(port), timeout=30)
    if security == "starttls":
        ok(m.starttls(context))
    return m


def ok(answer):
    if answer[0] != "OK":
        raise SystemExit("not OK: %r" % (answer,))
    return answer[1]


def login(m, how):
    if how == "LOGIN":
        ok(m.login(user, password))
    elif how == "PLAIN":
        ok(m.authenticate("PLAIN", lambda _: b"\0" + user.encode() + b"\0" + password.encode()))
    elif how == "AUTH=LOGIN":
        answers = iter([user.encode(), password.encode()])
        ok(m.authenticate("LOGIN", lambda _: next(answers)))
    elif how == "literal":
        m.literal = password.encode()
        ok(m._simple_command("LOGIN", user))
        m.state = "AUTH"


def shortened(data):
    return hashlib.sha256(data).hexdigest()[:20]


def fetch_all(m):
    ok(m.select("INBOX", readonly=True))
    numbers = ok(m.search(None, "ALL"))[0].split()
    for n in numbers:
        print(shortened(ok(m.fetch(n, "(BODY.PEEK[])"))[0][1]))


def change(m):
    """Sets flags, appends, copies, creates, renames, deletes."""
    ok(m.select("INBOX"))
    ok(m.fetch("1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"))
    ok(m.fetch("5", "(BODY[1] BODY[2.MIME] BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)] BODY[]<10.30>)"))
    ok(m.store("1", "+FLAGS", r"(\Flagged $Work)"))
    ok(m.append("INBOX", r"(\Seen)", imaplib.Time2Internaldate(1700000000), b"Subject: appended\r\n\r\nline\r\n.\r\n{3}\r\n"))
    ok(m.create('"a folder &- more"'))
    ok(m.copy("2:3", '"a folder &- more"'))
    ok(m.rename('"a folder &- more"', '"other"'))
    ok(m.create("gone"))
    ok(m.delete("gone"))
    ok(m.status("other", "(MESSAGES UNSEEN UIDNEXT)"))
    ok(m.store("4", "+FLAGS.SILENT", r"\Deleted"))
    ok(m.expunge())
    ok(m.getquotaroot("INBOX"))
    ok(m.close())


def idle(m):
    """Waits in IDLE until another connection has appended a message."""
    ok(m.select("other"))
    tag = m._new_tag()
    m.send(tag + b" IDLE\r\n")
    line = m.readline()
    if not line.startswith(b"+"):
        raise SystemExit("IDLE: %r" % line)
    second = connect()
    login(second, "AUTH=LOGIN")
    ok(second.append("other", None, None, b"Subject: while idle\r\n\r\n"))
    second.logout()
    while b"EXISTS" not in line:
        line = m.readline()
    m.send(b"DONE\r\n")
    while not line.startswith(tag):
        line = m.readline()
    m.tagged_commands.pop(tag, None)


def cancel(m):
    """Begins an AUTHENTICATE, and takes it back."""
    try:
        m.authenticate("PLAIN", lambda _: None)
    except imaplib.IMAP4.error:
        return
    raise SystemExit("a cancelled AUTHENTICATE went through")


def refused(m):
    try:
        m.login(user, "no password at all")
    except imaplib.IMAP4.error:
        return
    raise SystemExit("a wrong password was taken")


def pipelined(m):
    """Sends commands before the answers to those before them came."""
    tags = [m._new_tag() for _ in range(20)]
    m.send(b"".join(t + b" NOOP\r\n" for t in tags))
    left = set(tags)
    while left:
        left.discard(m.readline().split(b" ")[0])
    for t in tags:
        m.tagged_commands.pop(t, None)


m = connect()
cancel(m)
refused(m)
login(m, "LOGIN")
fetch_all(m)
m.logout()
m = connect()
login(m, "literal")
again = connect()
login(again, "PLAIN")
ok(m.noop())
again.logout()
m.logout()
m = connect()
login(m, "PLAIN")
change(m)
idle(m)
pipelined(m)
m.logout()
