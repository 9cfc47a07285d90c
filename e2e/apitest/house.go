package apitest

// House is a data folder and, on PostgreSQL, a database.
type House struct {
	*Program
	Dir string
	DB  string // address of the database, "" the embedded one
}

// Flags name the house on a command line.
func (h House) Flags() []string {
	f := []string{"--dir", h.Dir}
	if h.DB != "" {
		f = append(f, "--database", h.DB)
	}
	return f
}

// Serve opens the house at an address, "" any.
func (h House) Serve(t T, listen string) *Server {
	t.Helper()
	s, err := h.TryServe(t, listen)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TryServe is Serve for a house that may refuse to open.
func (h House) TryServe(t T, listen string) (*Server, error) {
	t.Helper()
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	return h.TryStart(t, append([]string{"serve", "--listen", listen}, h.Flags()...)...)
}

// Command runs a command on the house to its end.
func (h House) Command(t T, args ...string) Result {
	t.Helper()
	return h.Run(t, append(args, h.Flags()...)...)
}

// Client connects as an account, "" as a visitor.
func (h House) Client(t T, base, login string) *Client {
	t.Helper()
	if login == "" {
		return NewClient(base, "")
	}
	return NewClient(base, h.Token(t, login, h.Flags()...))
}
