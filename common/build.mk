# How everything here is compiled.  Each directory's Makefile includes this file.
#
# make CC=clang          another compiler
# make POLLER=poll       how to wait for many sockets: select, poll, epoll or kqueue
# make SANITIZE=thread   with a sanitizer, or several: SANITIZE=address,undefined

CFLAGS = -O2 -g
SANITIZE =
# From the command line or the environment; where both are silent, what suits the system.
POLLER_HERE := $(if $(filter Linux,$(shell uname -s)),epoll,poll)
ifeq ($(POLLER),)
override POLLER := $(POLLER_HERE)
endif

COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
POLLERS := $(patsubst $(COMMON)poller_%.c,%,$(sort $(wildcard $(COMMON)poller_*.c)))
ifneq ($(words $(POLLER)) $(filter-out $(POLLERS),$(POLLER)),1 )
$(error POLLER=$(POLLER) is unknown: choose one of $(POLLERS))
endif

# epoll and kqueue are not in POSIX.  CC decides: it may compile for another system, or find
# the header by CPPFLAGS (with a library that has the functions in LDLIBS).
header_of_epoll = sys/epoll.h
header_of_kqueue = sys/event.h
POLLER_HEADER = $(if $(filter-out $(POLLER_HERE),$(POLLER)),$(header_of_$(POLLER)))
ifneq ($(POLLER_HEADER),)
ifneq ($(shell $(CC) $(CPPFLAGS) $(CFLAGS) -E -include $(POLLER_HEADER) -x c /dev/null \
	>/dev/null 2>&1 && echo yes),yes)
$(error POLLER=$(POLLER) needs $(POLLER_HEADER), which this system lacks: choose one of \
	$(filter-out $(POLLER),$(POLLERS)))
endif
endif

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
