package app

import (
	"net/http"
	"runtime/pprof"
	"strconv"
	"time"
)

// cpuProfile records where the time goes, for ?seconds=10 (1 to 120), for `go tool pprof`.
func cpuProfile(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || seconds < 1 || seconds > 120 {
		http.Error(w, "say for how long: ?seconds=1 to 120", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, err.Error(), http.StatusConflict) // somebody else is recording
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-r.Context().Done():
	case <-time.After(time.Duration(seconds) * time.Second):
	}
}

// heapProfile tells what holds the memory.
func heapProfile(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.WriteHeapProfile(w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
