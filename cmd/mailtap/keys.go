package main

import (
	"github.com/spf13/cobra"

	"mailtap/captures"
)

func addKeys(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "keylog", "", "the keys of TLS sessions that others recorded, in `FILE` (SSLKEYLOGFILE): say which of them can be read, and how")
}

// openKeys reads a key log; "" is none.
func openKeys(path string) (*captures.KeyLog, error) {
	if path == "" {
		return nil, nil
	}
	log, err := captures.OpenKeyLog(path)
	if err != nil {
		return nil, usagef("--keylog: %w", err)
	}
	return log, nil
}
