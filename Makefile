EXAMPLES = simple-server simple-client iterative-server threaded-server async-server

# The same letters, ranges and messages everywhere; no exported setting changes what a shell does.
export LC_ALL = C
unexport CDPATH BASH_ENV ENV SHELLOPTS BASHOPTS POSIXLY_CORRECT GREP_OPTIONS

all: $(EXAMPLES)

$(EXAMPLES):
	@$(MAKE) --no-print-directory -C $@

# The tests need to know which poller was built.  An unknown poller stops make here.
include common/build.mk
export POLLER SANITIZE
# TESTS=iterative-server runs one file of tests, TESTS='start simple-client' two.
TESTS =
test: all
	@command -v bash >/dev/null || { echo 'make test needs bash: install it' >&2; exit 1; }
	@$(MAKE) -s -C docs/listings
	@$(MAKE) -s -C tests
	@tests/run $(TESTS)

# ROUNDS of SLICE seconds each; tests/bench/run lists more variables.
ROUNDS = 5
SLICE = 0.5
bench: all
	@$(MAKE) -s -C docs/listings
	@$(MAKE) -s -C tests bench
	@tests/bench/run $(ROUNDS) $(SLICE)

soak: all
	@$(MAKE) -s -C docs/listings
	@$(MAKE) -s -C tests all other-pollers
	@tests/soak/run

# Writes the results of "make bench OUT=docs/performance" into the pages that show them.
report:
	@tests/bench/report docs/performance/results.tsv docs/performance.md
	@tests/bench/report docs/performance/results.tsv docs/7-choosing.md
	@tests/bench/report docs/performance/strategies/results.tsv docs/8-more-strategies.md
	@tests/bench/report docs/performance/pollers/results.tsv docs/4-multiplexing.md

docs:
	@docs/tools/quotes README.md docs/*.md tests/exercises/*/README.md

site:
	@docs/tools/site

# The figures are drawn from the committed traces; make traces records new ones.  Their times
# differ from those that docs/4-multiplexing.md quotes: make docs shows where.
traces: all
	@$(MAKE) -s -C docs/listings
	@$(MAKE) -s -C tests
	@docs/figures/record docs/figures

figures:
	@docs/figures/draw

# RUNS=100000 takes only a few seconds.
fuzz:
	@tests/fuzz/run

# Grades each exercise's solution, starter and mutants: see tests/grader/self-test.
export JOBS MUTANTS FROM
exercises:
	@tests/grade --self-test

# Packs what a student receives: tests/handout/NAME.tar.gz
handout:
	@tests/grader/handout '$(EXERCISE)'

lint:
	@tests/lint

coverage:
	@tests/coverage/run

clean:
	@for dir in $(EXAMPLES) docs/listings tests; do $(MAKE) --no-print-directory -C $$dir clean; done
	@rm -rf docs/site tests/handout

help:
	@echo 'make                      builds the five examples'
	@echo 'make -C NAME              builds one of them: $(EXAMPLES)'
	@echo 'make -C NAME run ADDR=…   builds and runs it; ADDR is HOST:PORT (default: 127.0.0.1:2000)'
	@echo 'make -C simple-client run ADDR=… MSG=…   sends MSG and prints the answer'
	@echo 'make test                 runs all tests, or with TESTS=NAME those in tests/NAME.bats'
	@echo 'make bench                compares the servers with a bare echo loop'
	@echo 'make report               updates the tables in the chapter from make bench OUT=docs/performance'
	@echo 'make docs                 corrects line numbers in the chapter, and reports outdated quotes and links'
	@echo 'make site                 builds the chapter as HTML in docs/site, with the code beside the text'
	@echo 'make traces               records new traces for the figures (needs strace, tcpdump and root)'
	@echo 'make figures              draws docs/figures/*.svg from the traces'
	@echo 'make soak                 sends misbehaving clients for ten minutes; SEED=… repeats a run'
	@echo 'make fuzz                 feeds random input to the address parser and the token manager'
	@echo 'make exercises            grades the solution, starter and mutants of each exercise'
	@echo 'make handout EXERCISE=…   packs an exercise for students: tests/handout/NAME.tar.gz'
	@echo 'make lint                 runs static checkers on all sources'
	@echo 'make coverage             lists the lines that no test reaches'
	@echo 'make clean                removes everything that was built'
	@echo 'Variables for each: CC=clang; POLLER=select, poll, epoll or kqueue;'
	@echo 'SANITIZE=address,undefined or thread'

.PHONY: all test bench report docs site traces figures soak fuzz exercises handout lint coverage clean \
	help $(EXAMPLES)
