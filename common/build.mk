# How everything here is compiled.  Each directory's Makefile includes this file.
#
# make CC=clang          another compiler
# make POLLER=poll       the portable poller in place of epoll
# make SANITIZE=thread   with a sanitizer, or several: SANITIZE=address,undefined

CFLAGS = -O2 -g
SANITIZE =
# From the command line or the environment; where both are silent, what suits the system.
ifeq ($(POLLER),)
override POLLER := $(if $(filter Linux,$(shell uname -s)),epoll,poll)
endif

COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
COMMON_SOURCES = $(filter-out $(COMMON)poller_%.c,$(wildcard $(COMMON)*.c)) \
	$(COMMON)poller_$(POLLER).c
COMMON_HEADERS = $(wildcard $(COMMON)*.h)

COMPILE = $(CC) -std=c11 -D_POSIX_C_SOURCE=200809L -pthread \
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-I$(COMMON) $(CPPFLAGS) $(CFLAGS) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)

# The command of the last build, quoted for the shell.  The file changes only when the
# command does, and then everything is rebuilt: after "make POLLER=poll", say.
COMMAND = '$(subst ','\'',$(COMPILE) $(POLLER) $(LDFLAGS) $(LDLIBS))'
.command: FORCE
	@printf '%s\n' $(COMMAND) | cmp -s - $@ || printf '%s\n' $(COMMAND) > $@
FORCE:

.PHONY: FORCE
