package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mailtap/parse/behaviour"
	"mailtap/parse/layout"
	"mailtap/view/transcript"
)

// story prints the demo: what happens, the sessions as they were, what it means.
type story struct {
	stage *stage
	out   io.Writer
	paint layout.Painter
	width int
}

// act is one scene: what is about to be seen, the sessions, and what was seen.
type act struct {
	title    string // of a chapter; "" goes on with the last
	before   string
	play     func(ctx context.Context, s *stage) error
	sessions int
	after    string
}

const demoIntro = "This is mailtap at work: a mail server with sample mail, mailtap in front of it, and scripted mail clients that connect through it, all on this machine and over TLS. What follows was said just now. C: is the client, S: the server; passwords are masked."

// acts are the demo's scenes, in their order.
var acts = []act{
	{
		title:    "POP3: the mail moves to one device",
		before:   "Alice's laptop uses POP3, set to remove messages from the server: it downloads each one (RETR) and marks it for deletion (DELE); QUIT makes it so.",
		play:     func(ctx context.Context, s *stage) error { return playPOP3(ctx, s, demoLaptop, demoMessages) },
		sessions: 1,
	},
	{
		before:   "A moment later her phone asks for the same mailbox.",
		play:     func(ctx context.Context, s *stage) error { return playPOP3(ctx, s, demoPhone, 0) },
		sessions: 1,
		after:    "The phone finds nothing: the only copy is on the laptop. POP3 knows one mailbox, no folders and no flags; what one device removes is gone for all.",
	},
	{
		title:    "IMAP: the mail stays on the server, and all devices see the same",
		before:   "Bob has the same messages, and both of his devices use IMAP. The phone waits for news (IDLE). On the laptop he opens message 2, which his mail program marks as read, and puts a star on it.",
		play:     playIMAP,
		sessions: 2,
		after:    `The server told the phone without being asked, while it idled: message 2 is read and has a star. It was downloaded to the laptop, and is still on the server for the phone. With IMAP the messages, their flags and the folders live on the server; devices only look at them.`,
	},
}

const demoOutro = `Try it with your own mail:

  mailtap check you@example.org              which server and settings a mail client needs
  mailtap proxy imaps://imap.example.org     then point the mail client at 127.0.0.1, port 1993
  mailtap demo --record demo.pcapng          the same, on record: for mailtap show, and for Wireshark`

// tell plays all acts.
func tell(ctx context.Context, s *stage, out io.Writer) error {
	t := &story{stage: s, out: out, paint: layout.Painter(colours(out)), width: columns(out)}
	if t.width <= 0 || t.width > 120 {
		t.width = 100
	}
	t.say(layout.Wrap(demoIntro, t.width)...)
	t.say("")
	chapter := 0
	for _, a := range acts {
		if a.title != "" {
			chapter++
			t.head(fmt.Sprintf("%d. %s", chapter, a.title))
		}
		if err := t.act(ctx, a); err != nil {
			return err
		}
	}
	chapter++
	t.head(fmt.Sprintf("%d. What was seen, side by side", chapter))
	t.compare()
	t.head("And now")
	t.say(demoOutro)
	return nil
}

func (t *story) act(ctx context.Context, a act) error {
	t.say(layout.Wrap(a.before, t.width)...)
	t.say("")
	if err := a.play(ctx, t.stage); err != nil {
		return fmt.Errorf("playing the demo: %w", err)
	}
	events, err := t.stage.heard.sessions(ctx, a.sessions)
	if err != nil {
		return fmt.Errorf("waiting for the demo's sessions to end: %w", err)
	}
	w := transcript.New(t.out, transcript.Options{Colour: bool(t.paint), Width: t.width, Name: t.stage.heard.device})
	for _, e := range events {
		if err := w.Event(e); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if a.after != "" {
		t.say("")
		for i, line := range layout.Wrap(a.after, t.width-3) {
			lead := "   "
			if i == 0 {
				lead = "=> "
			}
			t.say(t.paint.Paint(layout.Strong, lead+line))
		}
	}
	t.say("")
	return nil
}

// compare sets both protocols beside each other, from what the sessions did.
func (t *story) compare() {
	pop, imap := t.stage.heard.account(demoPOP3User), t.stage.heard.account(demoIMAPUser)
	if pop == nil || imap == nil {
		return
	}
	t.say(tableLines(behaviour.Beside(pop, imap))...)
	t.say("")
	for _, a := range []*behaviour.Account{pop, imap} {
		t.say(layout.Wrap(a.Verdict(), t.width)...)
	}
	t.say("")
}

// head begins a chapter.
func (t *story) head(title string) {
	t.say(t.paint.Paint(layout.Strong, title), t.paint.Paint(layout.Quiet, strings.Repeat("-", layout.Width(title))))
}

func (t *story) say(lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(t.out, line)
	}
}

// playIMAP has two devices at once; what one does the other is told.
func playIMAP(ctx context.Context, s *stage) error {
	laptop, err := s.imapDevice(ctx, demoLaptop)
	if err != nil {
		return err
	}
	phone, err := s.imapDevice(ctx, demoPhone)
	if err != nil {
		return errors.Join(err, laptop.logout())
	}
	err = laptop.overview()
	if err == nil {
		err = phone.waitForFlags(func() error { return errors.Join(laptop.read(2), laptop.star(2)) })
	}
	err = errors.Join(err, phone.logout(), s.heard.ended(ctx, 1)) // one after the other reads better
	return errors.Join(err, laptop.logout())
}

// playPOP3 has one device that takes all there is away.
func playPOP3(ctx context.Context, s *stage, device string, want int) error {
	d, err := s.popDevice(ctx, device)
	if err != nil {
		return err
	}
	got, err := d.takeAll()
	if err == nil && got != want {
		err = fmt.Errorf("%s finds %d messages, not %d", device, got, want)
	}
	return err
}
