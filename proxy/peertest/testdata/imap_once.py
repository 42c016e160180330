"""One scripted IMAP session: what is read, changed, waited for and deleted.

Arguments: HOST PORT implicit|starttls|cleartext CAFILE USER PASSWORD [broken]
With "broken" it does one thing otherwise: it marks the wrong message.
"""

import imaplib
import ssl
import sys

host, port, security, ca, user, password = sys.argv[1:7]
broken = sys.argv[7:] == ["broken"]


def ok(answer):
    if answer[0] != "OK":
        raise SystemExit("not OK: %r" % (answer,))
    return answer[1]


context = ssl.create_default_context(cafile=ca) if ca else None
if security == "implicit":
    m = imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=30)
else:
    m = imaplib.IMAP4(host, int(port), timeout=30)
if security == "starttls":
    ok(m.starttls(context))
ok(m.login(user, password))
ok(m.list())
ok(m.status("INBOX", "(MESSAGES UIDNEXT UNSEEN)"))
ok(m.select("INBOX"))
uids = ok(m.uid("SEARCH", "ALL"))[0].split()
ok(m.uid("FETCH", b",".join(uids), "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"))
ok(m.fetch("1:3", "(UID BODY.PEEK[])"))
ok(m.uid("STORE", uids[5 if broken else 0], "+FLAGS", r"(\Flagged)"))
ok(m.append("INBOX", r"(\Seen)", imaplib.Time2Internaldate(1700000000), b"Subject: appended\r\n\r\nline\r\n{3}\r\n"))
ok(m.noop())
ok(m.create('"a box"'))
ok(m.copy("2:3", '"a box"'))
tag = m._new_tag()
m.send(tag + b" IDLE\r\n")
while not m.readline().startswith(b"+"):
    pass
m.send(b"DONE\r\n")
while not m.readline().startswith(tag):
    pass
m.tagged_commands.pop(tag, None)
ok(m.store("4", "+FLAGS.SILENT", r"\Deleted"))
ok(m.expunge())
ok(m.close())
m.logout()
