// Bench measures the built program from outside: a real server process, real HTTP,
// tokens as programs use them, commits that wait for the disk. What it measures it
// also checks: a wrong answer ends the run.
//
//	go run ./bench run     houses of several sizes on both engines
//	go run ./bench peers   the same work by others, window by window in turn
//	go run ./bench pages   first views of citizen pages over a slow line
//
// Figures stand in docs/proof.json, from which the tables of docs/proof.md are
// written. Every command ends with one line and an exit status.
package main
