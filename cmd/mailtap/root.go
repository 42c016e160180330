package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The groups of commands, in the order of the help text.
const (
	groupLive  = "live"
	groupRead  = "read"
	groupSetup = "setup"
)

const rootLong = `mailtap sits between a mail client and its server, and shows what they say to
one another: every IMAP and POP3 command and response, in plain words.`

const rootExample = `  mailtap demo                                    see it at work, nothing needed
  mailtap proxy imaps://imap.example.org          watch a client and its server
  mailtap proxy --record x.pcapng pop3s://pop.example.org
  mailtap show x.pcapng                           read what was recorded`

// run executes the command line and returns the exit status.
func run(args []string, std streams) int {
	root := newRoot(std)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err != nil {
		if line := errorLine(err); line != "" {
			fmt.Fprintln(std.err, line)
		}
	}
	return exitStatus(err)
}

// newRoot builds the whole tree of commands.
func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "mailtap",
		Short:         "See what mail clients and servers say to one another",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: groupLive, Title: "Live:"},
		&cobra.Group{ID: groupRead, Title: "Recordings:"},
		&cobra.Group{ID: groupSetup, Title: "Around it:"},
	)
	root.SetHelpCommandGroupID(groupSetup)
	root.SetCompletionCommandGroupID(groupSetup)
	root.AddCommand(commands(std)...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	askUsage(root)
	return root
}

// commands are all subcommands but help and completion, which cobra has.
func commands(std streams) []*cobra.Command {
	return []*cobra.Command{
		newProxy(std),
		newDemo(std),
		newShow(std),
		newExport(std),
		newCA(std),
		newView(std),
		newDiagnose(std),
		newSummary(std),
		newCompare(std),
		newCheck(std),
		newReplay(std),
		newExplain(std),
		newVersion(std),
		newFilters(),
		newData(),
	}
}

// knownCommand refuses a word that no command has.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("%s --help lists the commands", cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef("unknown command %q for %s; %s", args[0], cmd.CommandPath(), hint)
}

// askUsage makes every mistake in a command's arguments a usage error, and
// commands that only hold others refuse words they do not know.
func askUsage(cmd *cobra.Command) {
	cmd.SuggestionsMinimumDistance = 2
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = knownCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return asUsage(check(cmd, args)) }
	}
	for _, sub := range cmd.Commands() {
		askUsage(sub)
	}
}

// flagError words what pflag found wrong, with the flag that was meant.
func flagError(cmd *cobra.Command, err error) error {
	said := err.Error()
	name, unknown := strings.CutPrefix(said, "unknown flag: --")
	if !unknown {
		return usagef("%s; see %s --help", said, cmd.CommandPath())
	}
	if near := nearestFlag(cmd, name); near != "" {
		return usagef("unknown flag --%s; did you mean --%s?", name, near)
	}
	return usagef("unknown flag --%s; %s --help lists what there is", name, cmd.CommandPath())
}

// nearestFlag is the flag of cmd whose name is most like name, or "".
func nearestFlag(cmd *cobra.Command, name string) string {
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(name, f.Name); d < least && !f.Hidden {
			best, least = f.Name, d
		}
	})
	return best
}

// distance is how many characters must be put in, left out or changed to make
// b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// atLeast asks for n arguments or more; what names them as in "CAPTURE".
func atLeast(n int, what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		return usagef("%s needs a %s, as in: %s", cmd.CommandPath(), what, example)
	}
}

// exactly asks for n arguments.
func exactly(n int, what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usagef("%s takes no argument %q; it is used as in: %s", cmd.CommandPath(), args[n], example)
		}
		return atLeast(n, what, example)(cmd, args)
	}
}

// noArgs asks for none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no argument %q", cmd.CommandPath(), args[0])
}
