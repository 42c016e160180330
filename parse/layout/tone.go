package layout

// Tone is what a piece of text says by its colour. No tone says what the words
// do not say too.
type Tone uint8

// The tones.
const (
	Plain  Tone = iota
	Quiet       // beside the matter: times, notes
	Strong      // a heading
	Client      // from the client
	Server      // from the server
	Proxy       // from mailtap
	Info        // an observation
	Warn        // not as it should be
	Bad         // it failed
	Alarm       // an error among the findings
)

// sgr are the tones as a terminal's colours (ECMA-48 SGR).
var sgr = [...]string{
	Quiet:  "\x1b[2m",
	Strong: "\x1b[1m",
	Client: "\x1b[36m",
	Server: "\x1b[32m",
	Proxy:  "\x1b[35m",
	Info:   "\x1b[34m",
	Warn:   "\x1b[33m",
	Bad:    "\x1b[31m",
	Alarm:  "\x1b[1;31m",
}

// Paint is text in a tone, for a terminal with colours.
func Paint(tone Tone, text string) string {
	if tone == Plain || text == "" {
		return text
	}
	return sgr[tone] + text + "\x1b[0m"
}

// Painter paints, or where it is false leaves text as it is.
type Painter bool

// Paint is text in a tone, if there are colours.
func (p Painter) Paint(tone Tone, text string) string {
	if !p {
		return text
	}
	return Paint(tone, text)
}
