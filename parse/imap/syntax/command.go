package syntax

// Command reads one whole command, its line end included or not.
func Command(m Message) Cmd {
	return Cmd{}
}
