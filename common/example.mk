# What the Makefiles of the five examples share.  Each sets NAME, and ARGUMENTS where
# it takes more than an address.

all: $(NAME)

include $(dir $(lastword $(MAKEFILE_LIST)))build.mk

# Loopback: a server that has just been tried out is not open to the whole network.
ADDR = 127.0.0.1:2000
MSG = Hello
ARGUMENTS = "$$ADDR"
# As they were typed: a "$" in them is nothing for make to expand.
override ADDR := $(value ADDR)
override MSG := $(value MSG)
export ADDR MSG

# One command compiles the example and what it needs of common/.
SOURCES = $(wildcard *.c) $(COMMON_SOURCES)
$(NAME): $(SOURCES) $(wildcard *.h) $(COMMON_HEADERS) .command
	$(COMPILE) $(LDFLAGS) -o $@ $(SOURCES) $(LDLIBS)

run: $(NAME)
	@exec ./$(NAME) $(ARGUMENTS)

clean:
	rm -f $(NAME) $(NAME).elf .command

.PHONY: all run clean
