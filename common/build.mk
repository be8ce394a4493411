# How everything here is compiled.  Each directory's Makefile includes this file.
#
# make CC=clang          another compiler
# make POLLER=poll       the portable poller in place of epoll
# make SANITIZE=thread   with a sanitizer, or several: SANITIZE=address,undefined

CFLAGS = -O2 -g
POLLER = $(if $(filter Linux,$(shell uname -s)),epoll,poll)
SANITIZE =

COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
COMMON_SOURCES = $(filter-out $(COMMON)poller_%.c,$(wildcard $(COMMON)*.c)) \
	$(COMMON)poller_$(POLLER).c
COMMON_HEADERS = $(wildcard $(COMMON)*.h)

COMPILE = $(CC) -std=c11 -D_POSIX_C_SOURCE=200809L -pthread \
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-I$(COMMON) $(CPPFLAGS) $(CFLAGS) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)

# The command of the last build.  It changes only when the command does, and then
# everything is built anew: after "make POLLER=poll", say.
.command: FORCE
	@echo '$(COMPILE) $(POLLER) $(LDFLAGS) $(LDLIBS)' | cmp -s - $@ || \
		echo '$(COMPILE) $(POLLER) $(LDFLAGS) $(LDLIBS)' > $@
FORCE:

.PHONY: FORCE
