// Command mailtap is a TLS-terminating man-in-the-middle proxy for POP3 and
// IMAP that shows what clients and servers say to one another.
package main

func main() {}
