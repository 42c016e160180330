package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// readConfig sets the flags of cmd that a TOML file has and the command line
// does not, and returns the file's routes. Its keys are the long flag names,
// and "routes".
func readConfig(cmd *cobra.Command, path string) (routes []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--config: %w", err)
	}
	values := map[string]any{}
	if err := toml.Unmarshal(text, &values); err != nil {
		return nil, usagef("--config %s: %w", path, tomlError(err))
	}
	for _, key := range sortedKeys(values) {
		if key == "routes" {
			routes, err = texts(values[key])
		} else {
			err = setFlag(cmd, key, values[key])
		}
		if err != nil {
			return nil, usagef("--config %s: %s: %w", path, key, err)
		}
	}
	return routes, nil
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// tomlError is go-toml's error with the place in front.
func tomlError(err error) error {
	at := new(toml.DecodeError)
	if !errors.As(err, &at) {
		return err
	}
	row, column := at.Position()
	return fmt.Errorf("line %d, column %d: %s", row, column, strings.TrimPrefix(at.Error(), "toml: "))
}

// setFlag gives a flag a value, unless the command line did.
func setFlag(cmd *cobra.Command, name string, value any) error {
	flag := cmd.Flags().Lookup(name)
	if flag == nil || name == "config" || name == "help" {
		return unknownKey(cmd, name)
	}
	if flag.Changed {
		return nil
	}
	values, err := texts(value)
	if err != nil {
		return err
	}
	for _, v := range values {
		if err := flag.Value.Set(v); err != nil {
			return fmt.Errorf("%q is no value for it: %w", v, err)
		}
	}
	return nil
}

func unknownKey(cmd *cobra.Command, name string) error {
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(name, f.Name); d < least {
			best, least = f.Name, d
		}
	})
	if distance(name, "routes") < least {
		best = "routes"
	}
	if best != "" {
		return fmt.Errorf("unknown key; did you mean %s?", best)
	}
	return errors.New("unknown key; keys are the long flag names, and routes")
}

// texts is a TOML value as flags take it: one text, or one for each of a list.
func texts(value any) ([]string, error) {
	switch v := value.(type) {
	case string, bool, int64, float64:
		return []string{fmt.Sprint(v)}, nil
	case []any:
		var all []string
		for _, item := range v {
			one, err := texts(item)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		return all, nil
	}
	return nil, errors.New("a text, a number, true or false is wanted, or a list of them")
}
