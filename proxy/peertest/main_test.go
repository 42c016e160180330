package peertest_test

import (
	"os"
	"testing"

	"mailtap/proxy/peertest"
)

func TestMain(m *testing.M) { os.Exit(peertest.Main(m)) }
