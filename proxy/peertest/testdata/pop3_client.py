"""Does with poplib what mail programs do, and prints the hash of each message.

Arguments: HOST PORT implicit|starttls|cleartext CAFILE USER PASSWORD
"""

import base64
import hashlib
import poplib
import ssl
import sys

host, port, security, ca, user, password = sys.argv[1:]
poplib._MAXLINE = 1 << 20  # the sample with a long line is longer than poplib likes


def connect():
    context = ssl.create_default_context(cafile=ca)
    if security == "implicit":
        return poplib.POP3_SSL(host, int(port), context=context, timeout=30)
    p = poplib.POP3(host, int(port), timeout=30)
    if security == "starttls":
        p.stls(context=context)
    return p


def login(p, how):
    if how == "USER":
        p.user(user)
        p.pass_(password)
    elif how == "APOP":
        p.apop(user, password)
    elif how == "PLAIN":
        p._shortcmd("AUTH PLAIN " + encoded("\0%s\0%s" % (user, password)))
    elif how == "PLAIN in two":
        p._putcmd("AUTH PLAIN")
        challenge(p)
        p._shortcmd(encoded("\0%s\0%s" % (user, password)))
    elif how == "LOGIN":
        p._putcmd("AUTH LOGIN")
        challenge(p)
        p._putcmd(encoded(user))
        challenge(p)
        p._shortcmd(encoded(password))


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def challenge(p):
    line, _ = p._getline()
    if not line.startswith(b"+ "):
        raise SystemExit("no challenge: %r" % line)


def refused(step, *args):
    try:
        step(*args)
    except poplib.error_proto:
        return
    raise SystemExit("went through: %r %r" % (step, args))


def fetch_all(p):
    count, _ = p.stat()
    for n in range(1, count + 1):
        lines = p.retr(n)[1]
        print(hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).hexdigest()[:20])


def pipelined(p):
    p.sock.sendall(b"NOOP\r\nLIST\r\nLIST 2\r\nUIDL 1\r\nTOP 1 0\r\nSTAT\r\nRETR 99\r\nNOOP\r\n")
    p._getresp()
    p._getlongresp()
    p._getresp()
    p._getresp()
    p._getlongresp()
    p._getresp()
    refused(p._getresp)
    p._getresp()


p = connect()
refused(p._shortcmd, "XYZZY")
refused(p._shortcmd, "STAT")
p.user(user)
refused(p.pass_, "no password at all")
p.user(user)
p.pass_(password)
p.capa()
fetch_all(p)
p.quit()

for how in ["APOP", "PLAIN", "PLAIN in two", "LOGIN"]:
    p = connect()
    p.capa()
    login(p, how)
    p.list()
    p.list(1)
    p.uidl()
    p.uidl(2)
    p.top(2, 3)
    refused(p.retr, 99)
    pipelined(p)
    p.dele(3)
    p.rset()
    p.noop()
    if how == "LOGIN":
        p.dele(1)
        p.dele(2)
    p.quit()
