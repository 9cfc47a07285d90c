package main

import "motcua/bench/drills/drill"

// drills are all drills, in the order of the table.
func drills() []drill.Drill {
	return []drill.Drill{
		kill9(),
		powerloss(),
		fulldisk(),
		failsync(),
		replicas(),
		badline(),
		burst(),
		restore(),
		tamper(),
		linear(),
		models(),
		soak(),
		fuzz(),
	}
}
