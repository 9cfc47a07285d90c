package identity

// OnHash lets a test know what every comparison of a password costs.
func (s *Service) OnHash(f func(Argon)) { s.hasher.spent = f }

// Occupy takes every place to hash in until leave is called.
func (s *Service) Occupy() (leave func()) {
	n := cap(s.hasher.slots)
	for range n {
		s.hasher.slots <- struct{}{}
	}
	return func() {
		for range n {
			<-s.hasher.slots
		}
	}
}
