//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peak is how many bytes a process that has ended, or one that it waited for, held at most.
func peak(p *os.ProcessState) int64 {
	if p == nil {
		return 0
	}
	use, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return use.Maxrss // bytes there
	}
	return use.Maxrss << 10
}
