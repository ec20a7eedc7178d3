# SPDX-License-Identifier: GPL-3.0-or-later
# What one runs: demo, check and their parts.

PYTEST := /usr/bin/python3 -B -m pytest -q -p no:cacheprovider
# npm trusts whom the system trusts, a site's own authority included, and not only whom Node brings along.
NPM_CI := NODE_EXTRA_CA_CERTS=$${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} /usr/bin/npm ci --loglevel=error
C_FILES = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

.PHONY: all demo down check servers lint fmt unit contract web soak ledger fuzz bench bench-queue bench-programs test-programs fresh install install-library clean help bench-front bench-fleet bench-expenses

help:
	@sed -n 's/^#: //p' tools/targets.mk

#: make demo      start everything privately under var/demo and walk one job through the API
demo: all
	@tools/deps run
	@tools/stack up demo --variant $(V)
	@tools/demo

#: make down      stop what make demo started
down:
	@tools/stack down demo

#: make check     all tests; prints the time of each suite
check:
	@tools/deps build run test web s3 sandbox
	@tools/check

#: make servers   the API behind every web server: nginx, Apache, lighttpd, as CGI and by mod_fcgid
servers: all
	@tools/deps run test
	@tools/check servers-whole-$(V)

#: make lint      rules that a grep can hold, clang-format, shellcheck
lint:
	@tools/deps test
	@tools/lint

#: make fmt       lay out all C
fmt:
	@clang-format -i $(C_FILES)

#: make unit      unit tests of one variant (V=gcc, clang or asan)
unit: $(B)/unit
	@$(B)/unit

#: make contract  hold every answer against the reference's examples
contract: all web
	@tools/deps run test
	@tools/stack run contract --variant $(V) --fast -- /usr/bin/python3 -B tests/contract/run.py

# What tests run besides the unit tests: built before, since two suites at once would both build it.
test-programs: $(addprefix $(B)/,unit echo_front clients s3-calls soak trial trial-next fuzz-smoke)

# What make bench and make bench-queue measure with: built by make check as well, or it would lag behind the headers.
bench-programs: $(B)/bench-probe $(QUEUE_BENCH)

#: make bench     measure the front against a minimal libfcgi program, in one run (BENCH: options, see bench/run --help)
bench: all $(B)/bench-probe
	@tools/deps run bench
	@bench/run --variant $(V) $(BENCH)

#: make bench-front measure the front with its limits and other platforms, in one run (BENCH: options, see bench/front/run --help)
bench-front: all $(B)/bench-probe build/peers/installed
	@tools/deps run bench
	@bench/front/run --variant $(V) $(BENCH)

#: make bench-queue measure the queue against its limits and other queues (BENCH: options, see bench/queue/run --help)
bench-queue: all $(QUEUE_BENCH) build/peers/installed
	@tools/deps run bench
	@bench/queue/run --variant $(V) $(BENCH)

#: make bench-fleet measure the heavy kinds of jobs, in one run (BENCH: options, see bench/fleet/run --help)
bench-fleet: all
	@tools/deps run bench
	@bench/fleet/run --variant $(V) $(BENCH)

#: make bench-expenses measure the Expense Tracker with a million expenses (BENCH: options, see bench/expenses/run --help)
bench-expenses: all
	@tools/deps run bench
	@bench/expenses/run --variant $(V) $(BENCH)

# What is from npm that ours is compared with, in the versions of the lock.
build/peers/installed: bench/peers/package.json bench/peers/package-lock.json
	@tools/deps bench
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && /usr/bin/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

#: make web       pages of /docs and /redoc and Postman collections into build/web, from npm packages (web/package.json)
web: build/web/made

build/npm/installed: web/package.json web/package-lock.json web/.npmrc
	@tools/deps web
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && $(NPM_CI)
	@touch $@
build/web/made: build/npm/installed $(wildcard web/*.mjs web/*/*) $(B)/millrace-front
	@cp web/*.mjs build/npm
	@/usr/bin/node build/npm/make.mjs web build/web $(B)/millrace-front
	@touch $@

# The S3 server that storage is tested against, in the versions of the lock.
S3_FILES := $(addprefix tests/s3/,package.json package-lock.json .npmrc server.mjs)
build/s3/installed: $(S3_FILES)
	@tools/deps s3
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && $(NPM_CI)
	@touch $@

# The services' own client libraries, which the sandbox is tested with, in the versions of the lock.
build/sandbox/installed: $(addprefix tests/sandbox/,package.json package-lock.json .npmrc)
	@tools/deps sandbox
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && $(NPM_CI)
	@touch $@

#: make soak      kill loops with an outside ledger (SOAK: options, see tests/soak/soak.py --help)
soak: all $(B)/soak
	@tools/deps run test
	@/usr/bin/python3 -B tests/soak/soak.py --variant $(V) $(SOAK)

#: make ledger    groups and their books against a second reckoning, so many of each property (LEDGER_EXAMPLES, 300)
LEDGER_EXAMPLES ?= 300
ledger: all
	@tools/deps run test
	@tools/stack run ledger --variant $(V) --fast -- env LEDGER_EXAMPLES=$(LEDGER_EXAMPLES) $(PYTEST) tests/ledger

#: make fuzz      each fuzzer of tests/fuzz for FUZZ_SECONDS (60), then mutations of every row's example and of files (docs/testing.md)
fuzz:
	@tools/deps build run test fuzz
	@$(MAKE) --no-print-directory V=fuzz build/fuzz/fuzzers build/fuzz/millrace-front
	@[ "$(FUZZ_FILES)" = 0 ] || $(MAKE) --no-print-directory V=gcc all
	@[ ! -f tests/security/mutate.py ] || [ "$(FUZZ_MUTATIONS)" = 0 ] || $(MAKE) --no-print-directory V=asan all
	@tools/fuzz

#: make fresh     both commands of the README on a Debian made from nothing (root)
fresh:
	@tools/deps fresh
	@tools/fresh

#: make install   programs, library, manual, configuration, web servers' examples, what make web made; DESTDIR, PREFIX and LIBDIR as usual
ETC := $(DESTDIR)/etc/millrace
SHARE := $(DESTDIR)$(PREFIX)/share
install: all install-library
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/lib/millrace $(ETC)/nginx $(ETC)/apache $(ETC)/lighttpd
	install -m 755 $(B)/millrace $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(filter %-front %-worker %-scheduler %-sandbox,$(BINARIES)) $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(filter $(B)/millrace-runner-%,$(BINARIES)) $(DESTDIR)$(PREFIX)/lib/millrace
	install -d $(SHARE)/man/man1 $(SHARE)/man/man5 $(SHARE)/man/man8
	for page in $(filter-out man/lib%,$(wildcard man/*)); do install -m 644 $$page $(SHARE)/man/man$${page##*.}; done
	for file in etc/nginx/* etc/apache/* etc/lighttpd/*; do \
	    sed -e 's|@MILLRACE_NGINX@|/etc/millrace/nginx|g' -e 's|@MILLRACE_APACHE@|/etc/millrace/apache|g' \
	        -e 's|@MILLRACE_LIGHTTPD@|/etc/millrace/lighttpd|g' -e 's|@MILLRACE_CONFIG@|/etc/millrace/millrace.conf|g' \
	        -e 's|@FRONT_PROGRAM@|$(PREFIX)/sbin/millrace-front|g' -e 's|@FRONT_FOLDER@|$(PREFIX)/sbin|g' \
	        -e 's|@FRONT_SOCKET@|/run/millrace/front.sock|g' -e 's|@STORAGE_FOLDER@|/var/lib/millrace/files|g' \
	        $$file > $(DESTDIR)/etc/millrace/$${file#etc/}; done
	for folder in $(if $(wildcard build/web/made),docs redoc postman); do install -d $(SHARE)/millrace/web/$$folder && \
	    install -m 644 build/web/$$folder/* $(SHARE)/millrace/web/$$folder || exit 1; done
	[ -e $(ETC)/millrace.conf ] || install -m 640 etc/millrace.conf $(ETC)/millrace.conf

#: make install-library  only what programs of others need: header, library, pkg-config file, manual, put script
install-library: $(LIBRARY) $(B)/put.lua
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include/millrace $(SHARE)/man/man3 $(SHARE)/millrace
	install -m 644 queue/public/millrace/queue.h $(DESTDIR)$(PREFIX)/include/millrace
	install -m 644 $(B)/libmillrace-queue.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(B)/libmillrace-queue.so $(DESTDIR)$(LIBDIR)/libmillrace-queue.so.$(VERSION)
	ln -sf libmillrace-queue.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libmillrace-queue.so.1
	ln -sf libmillrace-queue.so.1 $(DESTDIR)$(LIBDIR)/libmillrace-queue.so
	install -m 644 $(B)/millrace-queue.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 man/libmillrace-queue.3 $(SHARE)/man/man3
	install -m 644 $(B)/put.lua $(SHARE)/millrace

#: make clean     remove what was built
clean:
	rm -rf build
