package document

import "context"

type onDemandKey struct{}

// OnDemand makes the papers issued under ctx wait until somebody opens them: they
// have their number and what they say at once, and no job draws them. It is for those
// who issue thousands of papers that few will ever look at: imports, demonstrations.
func OnDemand(ctx context.Context) context.Context {
	return context.WithValue(ctx, onDemandKey{}, true)
}

func onDemand(ctx context.Context) bool {
	wait, _ := ctx.Value(onDemandKey{}).(bool)
	return wait
}
