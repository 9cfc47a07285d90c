package blob

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"motcua/internal/platform/errs"
)

type stats struct {
	saves *prometheus.CounterVec
	bytes prometheus.Counter
	scans *prometheus.CounterVec
}

func newStats() *stats {
	return &stats{
		saves: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "motcua_blob_files_total", Help: "Files handed in, by result."}, []string{"result"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "motcua_blob_bytes_total", Help: "Bytes of files taken."}),
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "motcua_blob_scans_total", Help: "Virus scans, by verdict."}, []string{"verdict"}),
	}
}

// Register offers the measurements of the service.
func (f *Files) Register(r prometheus.Registerer) error {
	return errors.Join(r.Register(f.stats.saves), r.Register(f.stats.bytes), r.Register(f.stats.scans))
}

func (s *stats) saved(err error, size int64) {
	switch {
	case err == nil:
		s.saves.WithLabelValues("stored").Inc()
		s.bytes.Add(float64(size))
	case refusesContent(err), errs.HasCode(err, "file.quota"):
		s.saves.WithLabelValues("refused").Inc()
	default:
		s.saves.WithLabelValues("failed").Inc()
	}
}

func (s *stats) scanned(verdict string) { s.scans.WithLabelValues(verdict).Inc() }
