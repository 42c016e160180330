// Package sasl follows SASL exchanges (RFC 4422) as IMAP and POP3 carry them:
// who logs in and as whom, which step fails, and of a secret only its shape.
package sasl
