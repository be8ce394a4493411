EXAMPLES = simple-server simple-client iterative-server threaded-server async-server

# Letters, ranges and messages are the same everywhere, and no setting of the user's changes
# what a shell does.
export LC_ALL = C
unexport CDPATH BASH_ENV ENV SHELLOPTS BASHOPTS POSIXLY_CORRECT GREP_OPTIONS

all: $(EXAMPLES)

$(EXAMPLES):
	@$(MAKE) --no-print-directory -C $@

# The tests are told which poller was built; and one that does not exist stops make here.
include common/build.mk
export POLLER SANITIZE
# TESTS=iterative-server runs one file of them, TESTS='start simple-client' two.
TESTS =
test: all
	@command -v bash >/dev/null || { echo 'make test needs bash: install it' >&2; exit 1; }
	@$(MAKE) -s -C docs/listings
	@$(MAKE) -s -C tests
	@tests/run $(TESTS)

# ROUNDS of SLICE seconds; see tests/bench/run for PEERS and more.
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

# A run of the benchmark into the pages: make bench OUT=docs/performance first.
report:
	@tests/bench/report docs/performance/results.tsv docs/performance.md
	@tests/bench/report docs/performance/results.tsv docs/7-choosing.md
	@tests/bench/report docs/performance/strategies/results.tsv docs/8-more-strategies.md

docs:
	@docs/tools/quotes README.md docs/*.md tests/exercises/*/README.md

site:
	@docs/tools/site

# The figures are drawn from committed traces: make traces records them anew.  Then the
# times that docs/4-multiplexing.md quotes are others: make docs tells where.
traces: all
	@$(MAKE) -s -C docs/listings
	@$(MAKE) -s -C tests
	@docs/figures/record docs/figures

figures:
	@docs/figures/draw

# RUNS=100000 fuzzes for a few seconds only.
fuzz:
	@tests/fuzz/run

# Grades the solutions, starters and mutants of all exercises: see tests/grader/self-test.
export JOBS MUTANTS FROM
exercises:
	@tests/grade --self-test

# What a student gets of an exercise, as tests/handout/NAME.tar.gz
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
	@echo 'make -C NAME run ADDR=…   builds and runs it; ADDR is HOST:PORT, 127.0.0.1:2000 if left out'
	@echo 'make -C simple-client run ADDR=… MSG=…   sends MSG and prints the answer'
	@echo 'make test                 runs all tests; TESTS=NAME those of tests/NAME.bats'
	@echo 'make bench                measures the servers beside a bare echo loop'
	@echo 'make report               writes a run (make bench OUT=docs/performance) into the pages that show one'
	@echo 'make docs                 corrects the line numbers in the chapter; says where it is no longer true'
	@echo 'make site                 makes HTML pages of the chapter in docs/site: the code beside the text'
	@echo 'make traces               records what the figures show, anew (strace; root and tcpdump)'
	@echo 'make figures              draws docs/figures/*.svg from the traces'
	@echo 'make soak                 ten minutes of clients that misbehave; SEED=… repeats them'
	@echo 'make fuzz                 feeds the address parser and the token manager random input'
	@echo 'make exercises            tests the exercises: their solutions, starters and mutants, graded'
	@echo 'make handout EXERCISE=…   packs an exercise for students: tests/handout/NAME.tar.gz'
	@echo 'make lint                 looks at all sources with static checkers'
	@echo 'make coverage             lists the lines that no test reaches'
	@echo 'make clean                removes what was built'
	@echo 'Each takes variables behind it: CC=clang, POLLER=select, poll, epoll or kqueue,'
	@echo 'SANITIZE=address,undefined or thread'

.PHONY: all test bench report docs site traces figures soak fuzz exercises handout lint coverage clean \
	help $(EXAMPLES)
