package identity

// OnHash lets a test know what every comparison of a password costs.
func (s *Service) OnHash(f func(Argon)) { s.hasher.spent = f }
