package syntax

// Response reads one whole response, its line end included or not.
func Response(m Message) Resp {
	return Resp{}
}
