package web

import "context"

// Once works something out once a request: the frame of a page and the page itself
// often need the same. Outside a request it works it out each time. Like the rest
// of a request it is for one goroutine.
func Once[T any](ctx context.Context, key any, work func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	st, ok := ctx.Value(requestKey).(*state)
	if !ok {
		return work()
	}
	if r, done := st.once[key].(result); done {
		return r.v, r.err
	}
	v, err := work()
	if st.once == nil {
		st.once = map[any]any{}
	}
	st.once[key] = result{v, err}
	return v, err
}
