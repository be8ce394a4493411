EXAMPLES = simple-server simple-client iterative-server threaded-server async-server

all: $(EXAMPLES)

$(EXAMPLES):
	@$(MAKE) --no-print-directory -C $@

# TESTS=iterative-server runs one file of them, TESTS='start simple-client' two.
TESTS =
export POLLER SANITIZE
test: all
	@command -v bash >/dev/null || { echo 'make test needs bash: install it' >&2; exit 1; }
	@$(MAKE) -s -C tests
	@tests/run $(TESTS)

# ROUNDS of SLICE seconds; see tests/bench/run for PEERS and more.
ROUNDS = 5
SLICE = 0.5
bench: all
	@$(MAKE) -s -C tests bench
	@tests/bench/run $(ROUNDS) $(SLICE)

soak: all
	@$(MAKE) -s -C tests all poll-servers
	@tests/soak/run

# A run of the benchmark into docs/performance.md: make bench OUT=docs/performance first.
report:
	@tests/bench/report docs/performance/results.tsv docs/performance.md

# RUNS=100000 fuzzes for a few seconds only.
fuzz:
	@tests/fuzz/run

lint:
	@tests/lint

coverage:
	@tests/coverage/run

clean:
	@for dir in $(EXAMPLES) tests; do $(MAKE) --no-print-directory -C $$dir clean; done

help:
	@echo 'make                      builds the five examples'
	@echo 'make -C NAME              builds one of them: $(EXAMPLES)'
	@echo 'make -C NAME run ADDR=…   builds and runs it; ADDR is HOST:PORT, 127.0.0.1:2000 if left out'
	@echo 'make -C simple-client run ADDR=… MSG=…   sends MSG and prints the answer'
	@echo 'make test                 runs all tests; TESTS=NAME those of tests/NAME.bats'
	@echo 'make bench                measures the servers beside a bare echo loop'
	@echo 'make report               writes a run (make bench OUT=docs/performance) into docs/performance.md'
	@echo 'make soak                 ten minutes of clients that misbehave; SEED=… repeats them'
	@echo 'make fuzz                 feeds the address parser and the token manager random input'
	@echo 'make lint                 looks at all sources with static checkers'
	@echo 'make coverage             lists the lines that no test reaches'
	@echo 'make clean                removes what was built'
	@echo 'Each takes variables behind it: CC=clang, POLLER=poll, SANITIZE=address,undefined or thread'

.PHONY: all test bench report soak fuzz lint coverage clean help $(EXAMPLES)
