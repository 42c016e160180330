package syntax

import "strings"

// known holds the names and words that lines are full of, so that reading them
// costs no allocation.
var known = func() map[string]string {
	m := map[string]string{}
	add := func(words ...string) {
		for _, w := range words {
			m[w] = w
		}
	}
	for _, table := range []Terms{CapabilityNames, Commands, FetchItems, Responses, SearchKeys, SortKeys, ThreadAlgorithms,
		StatusItems, ResponseCodes, Flags, MailboxAttributes} {
		for _, t := range table {
			add(t.Name)
		}
	}
	for _, text := range commonWords {
		add(strings.Fields(text)...)
	}
	return m
}()

var commonWords = []string{
	`UID OK NO BAD BYE PREAUTH INBOX AND SET`,
	`text plain html multipart mixed alternative related message rfc822 image jpeg png gif application pdf octet-stream`,
	`TEXT PLAIN HTML MULTIPART MIXED ALTERNATIVE RELATED MESSAGE RFC822 IMAGE JPEG PNG APPLICATION PDF OCTET-STREAM`,
	`charset CHARSET utf-8 UTF-8 us-ascii US-ASCII iso-8859-1 ISO-8859-1 windows-1252 name NAME filename FILENAME`,
	`boundary BOUNDARY format FORMAT flowed delsp yes size inline INLINE attachment ATTACHMENT report signed`,
	`7bit 7BIT 8bit 8BIT base64 BASE64 quoted-printable QUOTED-PRINTABLE binary`,
	`FROM TO CC BCC SUBJECT DATE MESSAGE-ID REFERENCES IN-REPLY-TO REPLY-TO SENDER CONTENT-TYPE LIST-ID LIST-POST`,
	`From To Cc Subject Date Message-ID References In-Reply-To Content-Type`,
	`gmail.com googlemail.com outlook.com hotmail.com yahoo.com icloud.com gmx.de example.com example.org example.net`,
	`/ . 1 2 3 4 1.1 1.2 2.1 2.2`,
}
