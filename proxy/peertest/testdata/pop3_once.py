"""One scripted POP3 session: everything is listed and read, one message deleted.

Arguments: HOST PORT implicit|starttls|cleartext CAFILE USER PASSWORD [broken]
With "broken" it does one thing otherwise: it deletes the wrong message.
"""

import poplib
import ssl
import sys

host, port, security, ca, user, password = sys.argv[1:7]
broken = sys.argv[7:] == ["broken"]
poplib._MAXLINE = 1 << 20
context = ssl.create_default_context(cafile=ca) if ca else None
if security == "implicit":
    m = poplib.POP3_SSL(host, int(port), context=context, timeout=30)
else:
    m = poplib.POP3(host, int(port), timeout=30)
if security == "starttls":
    m.stls(context)
m.capa()
m.user(user)
m.pass_(password)
count, _ = m.stat()
m.list()
m.uidl()
m.top(1, 0)
for n in range(1, count + 1):
    m.retr(n)
m.dele(3 if broken else 2)
m.noop()
m.quit()
