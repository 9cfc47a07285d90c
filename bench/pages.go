package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// lighthouse is the tool that measures first views.
const lighthouse = "lighthouse@12.8.2"

// runPages measures the first view of citizen pages with a cold cache over a slow line.
func runPages(ctx context.Context, o options, b *book) (err error) {
	b.table, b.group = "pages", "first view at 400 kbit/s and 400 ms, "+lighthouse
	bin, err := build(ctx, o)
	if err != nil {
		return err
	}
	h, err := prepare(ctx, o, b, bin, "sqlite", 0)
	if err != nil {
		return err
	}
	tool, err := installed(ctx, o)
	if err != nil {
		return err
	}
	s, err := serve(ctx, h.bin, environ(), append([]string{"serve", "--listen", "127.0.0.1:0"}, h.flags()...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, p := range []struct{ name, path string }{
		{"home", "/"}, {"search for a procedure", "/thu-tuc?q=khai+sinh"}, {"a procedure", "/thu-tuc/" + registration}, {"tracking", "/tra-cuu"}, {"sign-in", "/dang-nhap"},
	} {
		var paints, weights []float64
		for range o.runs {
			paint, weight, err := look(ctx, o, tool, s.base+p.path)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			paints, weights = append(paints, paint), append(weights, weight)
		}
		b.atMost(p.name+", largest contentful paint", median(paints)/1000, 2.3, "s", fmt.Sprintf("median of %d", o.runs))
		b.atMost(p.name+", sent", median(weights)/1000, 100, "kB", "everything of the first view")
	}
	return nil
}

// installed is where the tool stands, after installing it.
func installed(ctx context.Context, o options) (string, error) {
	dir := filepath.Join(o.cache, "lighthouse")
	tool := filepath.Join(dir, "node_modules", ".bin", "lighthouse")
	if _, err := os.Stat(tool); err == nil {
		return tool, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", lighthouse) //nolint:gosec // pinned above
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("installing %s: %w: %s", lighthouse, err, out[max(0, len(out)-400):])
	}
	return tool, nil
}

// look opens a page once and gives the largest contentful paint in milliseconds
// and the bytes that came.
func look(ctx context.Context, o options, tool, url string) (paint, weight float64, err error) {
	file := filepath.Join(o.cache, "lighthouse.json")
	cmd := exec.CommandContext(ctx, tool, url, "--quiet", "--output=json", "--output-path="+file, "--only-categories=performance", //nolint:gosec // our own page
		"--form-factor=mobile", "--throttling-method=devtools", "--throttling.requestLatencyMs=400", "--throttling.downloadThroughputKbps=400", "--throttling.uploadThroughputKbps=400",
		"--throttling.cpuSlowdownMultiplier=1", "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage")
	cmd.Env = append(os.Environ(), "CHROME_PATH="+chromium())
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("lighthouse: %w: %s", err, out[max(0, len(out)-400):])
	}
	text, err := os.ReadFile(file) //nolint:gosec // written above
	if err != nil {
		return 0, 0, err
	}
	var report struct {
		RuntimeError *struct{ Message string }
		Audits       map[string]struct{ NumericValue float64 }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return 0, 0, err
	}
	if report.RuntimeError != nil {
		return 0, 0, errors.New(report.RuntimeError.Message)
	}
	paint, weight = report.Audits["largest-contentful-paint"].NumericValue, report.Audits["total-byte-weight"].NumericValue
	if paint == 0 || weight == 0 {
		return 0, 0, errors.New("the report lacks a paint or a weight")
	}
	return paint, weight, nil
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return "chromium"
}
