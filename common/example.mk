# What the Makefiles of the five examples share.  Each sets NAME, and ARGUMENTS if the
# program takes more than an address.

all: $(NAME)

include $(dir $(lastword $(MAKEFILE_LIST)))build.mk

# From the command line or the environment.  By default only this machine can connect.
ADDR ?= 127.0.0.1:2000
ARGUMENTS = "$$ADDR"
# As it was typed: make must not expand a "$" in it.
override ADDR := $(value ADDR)
export ADDR

# One command compiles the example and what it needs of common/.
SOURCES = $(wildcard *.c) $(COMMON_SOURCES)
$(NAME): $(SOURCES) $(wildcard *.h) $(COMMON_HEADERS) .command
	$(COMPILE) $(LDFLAGS) -o $@ $(SOURCES) $(LDLIBS)

run: $(NAME)
	@$(PREPARE) exec ./$(NAME) $(ARGUMENTS)

clean:
	rm -f $(NAME) $(NAME).elf .command

.PHONY: all run clean
