package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mailtap": main})
}

// TestScript runs testdata/*.txtar: one a promise, what stands on stderr and
// the exit status included.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "cut": cut, "mode": mode, "dirempty": dirEmpty,
		},
	})
}
