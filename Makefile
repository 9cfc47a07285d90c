# Motcua. `make help` lists the targets; a fresh machine needs only `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED := 0

comma := ,
BIN  := bin/motcua
ADDR ?= 127.0.0.1:8080
DIR  ?= data/demo
DRILL ?= all

.PHONY: help run build test check bench bench-peers bench-pages drills lint generate verify assets screens new-module clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## build the one binary into bin/
	go build -trimpath -ldflags='-s -w' -o $(BIN) ./cmd/motcua

run: build ## build, load the demo province, serve on :8080 and print the accounts
	$(BIN) demo --dir $(DIR) --listen $(ADDR)

test: ## everything: rules, stores on both engines, journeys in a real browser
	tools/test-setup
	tools/test-all

check: ## the quick loop: format, vet, build, tests without browser or PostgreSQL (under a minute)
	@test -z "$$(gofmt -l $$(git ls-files '*.go' | grep -v _templ.go))" || (echo "gofmt these:"; gofmt -l $$(git ls-files '*.go' | grep -v _templ.go); exit 1)
	go vet ./...
	go test -short ./...

drills: ## hurt a running house on purpose (kill -9, power loss, full disk …): make drills DRILL=kill9
	go run ./bench/drills -proof docs/proof.md $(DRILL)

# What is measured is kept in BENCH; FULL=1 takes the large houses (tens of GB, most of an hour).
BENCH ?= tmp/bench
SIZES := $(if $(FULL),0$(comma)1000000$(comma)5000000,0$(comma)100000)

bench: ## measure the built program on both engines, into docs/proof.md (about six minutes; FULL=1: among 1 and 5 million dossiers)
	go run ./bench run -cache $(BENCH) -sizes $(SIZES) $(BENCHFLAGS)

bench-peers: ## the same work by PocketBase and Directus, window by window in turn, into docs/proof.md
	go run ./bench peers -cache $(BENCH) $(BENCHFLAGS)

bench-pages: ## first views of citizen pages over a slow line (Lighthouse; needs Node and Chromium), into docs/proof.md
	go run ./bench pages -cache $(BENCH) $(BENCHFLAGS)

lint: ## golangci-lint; every exception stands with its reason in .golangci.yml
	tools/lint

generate: ## write generated code again: pages (*_templ.go)
	go tool templ generate -path internal

verify: ## fail when committed generated code differs from what its sources give
	tools/verify-generated

assets: ## build stylesheet and scripts again (needs Node); the results are committed
	cd web && npm ci --ignore-scripts && npm run build

screens: ## take the pictures of the README again, by the demo and a real browser
	MOTCUA_SCREENS=$(CURDIR)/docs/screens go test ./e2e -count=1 -run TestScreens -v

new-module: ## make a module that is green at once: make new-module name=lottery
	go run ./tools/newmodule -name "$(name)"

clean: ## remove what was built and the demo province
	rm -rf bin data/demo
