# SPDX-License-Identifier: GPL-3.0-or-later
# How things are made. Sources are found by folder; a program is a row of its main file, objects and packages.

SQL_FILES := $(sort $(wildcard sql/core/*.sql sql/queue/*.sql sql/worker/*.sql $(addsuffix /*.sql,$(addprefix sql/,nutrition smsagent expenses ailice figureforge))))
SANDBOX_SQL := $(sort $(wildcard sql/sandbox/*.sql))
LUA_FILES := $(sort $(wildcard queue/scripts/*.lua))
SCHEMA_FILES := $(sort $(wildcard sql/schema/*.sql))
GEN := $(B)/gen/sql $(B)/gen/sandbox_sql $(B)/gen/scripts $(B)/gen/migrations

COMMON_SRC := $(sort $(wildcard common/*.c common/provider/*.c))
QUEUE_SRC := $(sort $(wildcard queue/*.c))
CLI_SRC := $(sort $(wildcard queue/cli/*.c))
# The sandbox is the front with tables of its own: what says which products there are, the front's or the sandbox's, is in one
# of the two programs only, and unit tests take along what is not.
SANDBOX_SRC := $(sort $(wildcard fcgi/sandbox/*.c))
SANDBOX_OWN := fcgi/sandbox/main.c fcgi/sandbox/services.c
FRONT_WIRE := $(sort $(wildcard fcgi/wire/*.c fcgi/lanes/*.c))
FRONT_CORE := $(FRONT_WIRE) $(sort $(filter-out fcgi/main.c,$(wildcard fcgi/*.c)) $(wildcard fcgi/input/*.c fcgi/steps/*.c fcgi/describe/*.c))
FRONT_OWN := fcgi/products.c fcgi/core.c
FRONT_SRC := $(FRONT_CORE) $(sort $(filter-out $(FRONT_CORE) $(SANDBOX_SRC),$(wildcard fcgi/*/*.c)))
DIRECT_SRC := $(sort $(wildcard workers/direct/*.c workers/direct/*/*.c))
# The programs inside the fence: each has the kinds of a folder, so that a job loads the libraries it needs and no more.
# Folders beside its own that a runner takes along; packages.
RUNNERS := image media report text
WITH_image := croquis picture
WITH_text := picture
PKG_image := cairo MagickWand libjpeg lcms2
PKG_media := libavformat libavcodec libavfilter libavutil libswscale libswresample
PKG_report := cairo pangocairo fontconfig libwebp
PKG_text := tesseract lept
# Libraries that pkg-config knows nothing of.
LIB_text := -llinear
# Of those that there are sources of.
RUNNERS_MADE := $(foreach name,$(RUNNERS),$(if $(wildcard workers/fenced/$(name)/*.c),$(name)))
runner_src = $(sort $(wildcard $(addprefix workers/fenced/,$(addsuffix /*.c,$(1) $(WITH_$(1))))))
FENCED_SRC := $(sort $(foreach name,$(RUNNERS_MADE),$(call runner_src,$(name))))
PKG_FENCED := $(sort $(foreach name,$(RUNNERS_MADE),$(PKG_$(name))))
LIB_FENCED := $(sort $(foreach name,$(RUNNERS_MADE),$(LIB_$(name))))
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))

# make LOUD=1 shows whole command lines.
say = $(if $(LOUD),,@echo '  $(1)  $(2)';)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
GEN_OBJ := $(addprefix $(B)/obj/gen/,sql.o scripts.o)
BASE_OBJ := $(call obj,$(COMMON_SRC) $(QUEUE_SRC) workers/kinds.c) $(GEN_OBJ)
$(B)/libmillrace.a: $(BASE_OBJ)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

# Program: objects of its own; packages. The archive gives what else it calls, and --gc-sections drops the rest.
PROGRAMS := millrace millrace-front millrace-worker millrace-scheduler millrace-sandbox $(addprefix millrace-runner-,$(RUNNERS_MADE))
OBJ_millrace := $(call obj,$(CLI_SRC)) $(B)/obj/gen/migrations.o
OBJ_millrace-front := $(call obj,fcgi/main.c $(FRONT_SRC))
OBJ_millrace-sandbox := $(call obj,$(SANDBOX_SRC) $(filter-out $(FRONT_OWN),$(FRONT_CORE))) $(B)/obj/gen/sandbox_sql.o
OBJ_millrace-worker := $(call obj,workers/main.c $(DIRECT_SRC)) $(B)/obj/gen/category_model.o
OBJ_millrace-scheduler := $(call obj,queue/scheduler/main.c)
$(foreach name,$(RUNNERS_MADE),$(eval OBJ_millrace-runner-$(name) := $(call obj,workers/runner.c $(call runner_src,$(name)))))
PKG_millrace := libpq hiredis jansson talloc libsodium libjwt libcurl
PKG_millrace-front := libpq hiredis jansson talloc libsodium libjwt libcurl libcrypto libmagic fcgi
PKG_millrace-sandbox := libpq hiredis jansson talloc libsodium libjwt libcurl libcrypto libmagic fcgi zlib
PKG_millrace-worker := libpq hiredis jansson talloc libsodium libcurl libcrypto
PKG_millrace-scheduler := libpq hiredis jansson talloc libsodium
$(foreach name,$(RUNNERS_MADE),$(eval PKG_millrace-runner-$(name) := jansson talloc libsodium libseccomp $(PKG_$(name))))
$(foreach name,$(RUNNERS_MADE),$(eval LIB_millrace-runner-$(name) := $(LIB_$(name))))
BINARIES := $(addprefix $(B)/,$(PROGRAMS))

# Packages whose flags a folder's objects need to compile.
$(B)/obj/common/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc libsodium libjwt libcurl libseccomp)
$(B)/obj/queue/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc libsodium libseccomp)
$(B)/obj/fcgi/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc libsodium libjwt libcurl libcrypto libmagic fcgi)
$(B)/obj/workers/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc libsodium libcurl libseccomp $(PKG_FENCED))
$(B)/obj/gen/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc)
$(B)/obj/tests/unit/%.o: CFLAGS_PKG = $(call pkg,--cflags,$(PKGS) $(PKG_FENCED))
$(B)/obj/tests/fenced/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq jansson talloc)
$(B)/obj/bench/%.o: CFLAGS_PKG = $(call pkg,--cflags,$(PKGS))

# The library for other programs' producers and workers: objects of their own, since they must run at any address, and
# of all they call nothing but millrace_* shows. The static one is a single object for the same reason.
LIBRARY_SRC := $(sort $(wildcard queue/public/*.c))
LIBRARY_PKG := libpq hiredis jansson talloc libsodium
LIBRARY := $(addprefix $(B)/,libmillrace-queue.so libmillrace-queue.a millrace-queue.pc)
pic = $(patsubst %.c,$(B)/pic/%.o,$(1))
CFLAGS_PIC = $(patsubst -fPIE,-fPIC,$(CFLAGS_ALL)) -fvisibility=hidden -Iqueue/public \
             $(call pkg,--cflags,$(LIBRARY_PKG) libjwt libcurl libseccomp)

$(B)/pic/%.o: %.c | $(addsuffix .h,$(GEN)) $(B)/packages
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CFLAGS_PIC) -c -o $@ $<
$(B)/pic/gen/%.o: $(B)/gen/%.stamp | $(addsuffix .h,$(GEN)) $(B)/packages
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CFLAGS_PIC) -c -o $@ $(B)/gen/$*.c
$(B)/pic/engine.a: $(call pic,$(filter-out common/provider/%,$(COMMON_SRC)) $(QUEUE_SRC)) $(B)/pic/gen/sql.o $(B)/pic/gen/scripts.o
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

# A sanitizer's run-time comes with the program.
$(B)/libmillrace-queue.so: $(call pic,$(LIBRARY_SRC)) $(B)/pic/engine.a queue/public/millrace-queue.map
	$(call say,LD,$@)$(CC) $(filter-out -pie,$(LDFLAGS_ALL)) -shared $(if $(filter asan,$(V)),,-Wl,-z,defs) \
	    -Wl,-soname,libmillrace-queue.so.1 -Wl,--version-script=queue/public/millrace-queue.map -o $@ \
	    $(call pic,$(LIBRARY_SRC)) $(B)/pic/engine.a $(call pkg,--libs,$(LIBRARY_PKG)) -lpthread
$(B)/libmillrace-queue.a: $(call pic,$(LIBRARY_SRC)) $(B)/pic/engine.a
	@rm -f $@
	$(call say,AR,$@)ld -r --gc-sections --gc-keep-exported -o $(B)/pic/millrace-queue.o $(call pic,$(LIBRARY_SRC)) \
	    $(B)/pic/engine.a && objcopy -w --keep-global-symbol='millrace_*' $(B)/pic/millrace-queue.o && \
	    ar rcs $@ $(B)/pic/millrace-queue.o
$(B)/millrace-queue.pc: queue/public/millrace-queue.pc.in Makefile $(B)/prefix
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' -e 's|@VERSION@|$(VERSION)|' $< > $@

# Where things will lie: what carries it is made anew when PREFIX or LIBDIR is another than last time.
.PHONY: always
$(B)/prefix: always
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(LIBDIR)' | cmp -s - $@ || echo '$(PREFIX) $(LIBDIR)' > $@
$(call obj,common/config.c) $(call pic,common/config.c): $(B)/prefix

# What producers in other languages give to EVAL: put, made of the same files.
$(B)/put.lua: queue/scripts/put.lua $(wildcard queue/scripts/prelude/*.lua) tools/embed
	@mkdir -p $(@D)
	@tools/embed eval $@ $<

all: $(BINARIES) $(LIBRARY) $(B)/put.lua

$(B)/obj/%.o: %.c | $(addsuffix .h,$(GEN)) $(B)/packages
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CFLAGS_ALL) $(CFLAGS_PKG) -c -o $@ $<

$(B)/obj/gen/%.o: $(B)/gen/%.stamp | $(addsuffix .h,$(GEN)) $(B)/packages
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CFLAGS_ALL) $(CFLAGS_PKG) -c -o $@ $(B)/gen/$*.c

$(B)/gen/sql.stamp: $(SQL_FILES) tools/embed
	@mkdir -p $(@D)
	@tools/embed sql $(B)/gen/sql $(SQL_FILES)
$(B)/gen/sandbox_sql.stamp: $(SANDBOX_SQL) tools/embed
	@mkdir -p $(@D)
	@tools/embed sql $(B)/gen/sandbox_sql $(SANDBOX_SQL)
$(B)/gen/scripts.stamp: $(LUA_FILES) $(wildcard queue/scripts/*/*.lua) tools/embed
	@mkdir -p $(@D)
	@tools/embed lua $(B)/gen/scripts $(LUA_FILES)
$(B)/gen/migrations.stamp: $(SCHEMA_FILES) tools/embed
	@mkdir -p $(@D)
	@tools/embed migration $(B)/gen/migrations $(SCHEMA_FILES)

# The model that sorts what is asked by text message, trained here from its examples.
CATEGORY_MAKER := $(call obj,workers/direct/ai/category/make.c workers/fenced/text/train.c)
$(B)/make-category: $(CATEGORY_MAKER) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg,--libs,talloc) $(LIB_text) -lm
$(B)/gen/category_model.stamp: $(B)/make-category workers/direct/ai/category/examples.txt
	@mkdir -p $(@D)
	@OPENBLAS_NUM_THREADS=1 $(B)/make-category workers/direct/ai/category/examples.txt > $(B)/gen/category_model.c
	@touch $@

# The header keeps its time when it stays the same, so that an edited statement compiles one file, a new one all that
# name it.
$(addsuffix .h,$(GEN)): %.h: %.stamp
	@:

define program
$(B)/$(1): $$(OBJ_$(1)) $(B)/libmillrace.a
	$$(call say,LD,$$@)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$(OBJ_$(1)) $(B)/libmillrace.a $$(call pkg,--libs,$$(PKG_$(1))) $$(LIB_$(1)) -lpthread -lm
endef
$(foreach name,$(PROGRAMS),$(eval $(call program,$(name))))

# Unit tests: all suites in one program; they register themselves (tests/unit/suite.h).
UNIT_OBJ := $(call obj,$(UNIT_SRC) $(FRONT_SRC) $(filter-out $(SANDBOX_OWN),$(SANDBOX_SRC)) $(DIRECT_SRC) $(FENCED_SRC) $(filter-out queue/cli/main.c,$(CLI_SRC))) $(addprefix $(B)/obj/gen/,migrations.o sandbox_sql.o category_model.o)
$(B)/unit: $(UNIT_OBJ) $(B)/libmillrace.a $(B)/hostile-runner
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $(UNIT_OBJ) $(B)/libmillrace.a $(call pkg,--libs,$(PKGS) $(PKG_FENCED)) $(LIB_FENCED) -lpthread -lm

# Fuzzers: each file of tests/fuzz a target, all in one program, which is the target that it is called by. fuzzers has
# libFuzzer's main (V=fuzz), fuzz-smoke one of its own, which runs files once.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
FUZZ_MAINS := tests/fuzz/shared/libfuzzer.c tests/fuzz/shared/standalone.c
FUZZ_OBJ := $(call obj,$(FUZZ_SRC) $(filter-out $(FUZZ_MAINS),$(sort $(wildcard tests/fuzz/shared/*.c))) $(FRONT_SRC))
FUZZ_PKG := libpq hiredis jansson talloc libsodium libjwt libcurl libcrypto libmagic fcgi
$(B)/obj/tests/fuzz/%.o: CFLAGS_PKG = $(call pkg,--cflags,$(FUZZ_PKG))
$(B)/fuzzers: $(FUZZ_OBJ) $(call obj,tests/fuzz/shared/libfuzzer.c) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(call pkg,--libs,$(FUZZ_PKG)) -lpthread -lm
	@rm -rf $(B)/targets && mkdir $(B)/targets
	@for name in $(basename $(notdir $(FUZZ_SRC))); do ln -s ../fuzzers $(B)/targets/$$name; done
$(B)/fuzz-smoke: $(FUZZ_OBJ) $(call obj,tests/fuzz/shared/standalone.c) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg,--libs,$(FUZZ_PKG)) -lpthread -lm

# The other side of the fence's tests: a runner with kinds of its own, so without workers/kinds.c.
HOSTILE_OBJ := $(call obj,tests/fenced/hostile.c)
$(B)/hostile-runner: $(HOSTILE_OBJ) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $(HOSTILE_OBJ) $(B)/libmillrace.a $(call pkg,--libs,jansson talloc libseccomp) -lpthread

# The front's plumbing without a product, for tests/plumbing.
ECHO_FRONT_OBJ := $(call obj,tests/plumbing/echo_front.c $(FRONT_WIRE))
$(B)/obj/tests/plumbing/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis talloc fcgi)
$(B)/echo_front: $(ECHO_FRONT_OBJ) $(B)/libmillrace.a
	$(CC) $(LDFLAGS_ALL) -o $@ $(ECHO_FRONT_OBJ) $(B)/libmillrace.a $(call pkg,--libs,libpq hiredis talloc fcgi) -lpthread -lm

$(B)/clients: $(call obj,tests/plumbing/clients.c) $(B)/libmillrace.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg,--libs,libpq hiredis talloc) -lpthread -lm

# Single calls to S3, for tests/s3.
$(B)/s3-calls: $(call obj,tests/s3/calls.c) $(B)/libmillrace.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg,--libs,talloc libsodium libcurl) -lpthread

# The kill loops' program: worker, scheduler and commands with kinds of its own, and faults between it and its servers.
SOAK_OBJ := $(call obj,$(wildcard tests/soak/*.c) $(filter-out queue/cli/main.c,$(CLI_SRC))) $(B)/obj/gen/migrations.o
$(B)/obj/tests/soak/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc libsodium libseccomp)
$(B)/soak: $(SOAK_OBJ) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $(SOAK_OBJ) $(B)/libmillrace.a $(call pkg,--libs,libpq hiredis jansson talloc libsodium libseccomp libcurl) -lpthread -lm

# The worker's tests: the real worker with kinds that do as they are told, as two releases.
TRIAL_OBJ := $(call obj,$(filter-out queue/cli/main.c,$(CLI_SRC))) $(B)/obj/gen/migrations.o
$(B)/obj/tests/worker/%.o: CFLAGS_PKG = $(call pkg,--cflags,libpq hiredis jansson talloc libsodium libseccomp)
$(B)/obj/tests/worker/trial-next.o: tests/worker/trial.c | $(addsuffix .h,$(GEN)) $(B)/packages
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CFLAGS_ALL) -DTRIAL_NEXT $(CFLAGS_PKG) -c -o $@ $<
$(B)/trial $(B)/trial-next: $(B)/%: $(B)/obj/tests/worker/%.o $(TRIAL_OBJ) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $< $(TRIAL_OBJ) $(B)/libmillrace.a $(call pkg,--libs,libpq hiredis jansson talloc libsodium libseccomp libcurl) -lpthread -lm

# What is missing is installed before anything is compiled; when nothing is, this costs a few milliseconds.
$(B)/packages: tools/deps
	@tools/deps build
	@mkdir -p $(@D)
	@touch $@

# What make bench compares the front with.
PROBE_OBJ := $(call obj,bench/probe.c)
$(B)/bench-probe: $(PROBE_OBJ) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $(PROBE_OBJ) $(B)/libmillrace.a $(call pkg,--libs,libpq hiredis jansson talloc libsodium libjwt fcgi) -lpthread

# What make bench-queue drives: each file of bench/queue a program, save what they share. Its worker has kinds of its own,
# so without workers/kinds.c.
QUEUE_BENCH_SHARED := bench/queue/measure.c bench/queue/ours.c
QUEUE_BENCH := $(patsubst bench/queue/%.c,$(B)/bench-queue-%,$(filter-out $(QUEUE_BENCH_SHARED),$(sort $(wildcard bench/queue/*.c))))
$(QUEUE_BENCH): $(B)/bench-queue-%: $(B)/obj/bench/queue/%.o $(call obj,$(QUEUE_BENCH_SHARED)) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg,--libs,libpq hiredis jansson talloc libsodium libseccomp) -lpthread -lm

# What reading a receipt is compared with: the library alone.
BARE_OCR_OBJ := $(call obj,bench/fleet/bare_ocr.c workers/fenced/text/scan.c workers/fenced/picture/kind.c)
$(B)/obj/bench/fleet/%.o: CFLAGS_PKG = $(call pkg,--cflags,talloc $(PKG_text))
$(B)/bare-ocr: $(BARE_OCR_OBJ) $(B)/libmillrace.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg,--libs,talloc $(PKG_text)) -lpthread -lm

-include $(shell find $(B)/obj $(B)/pic -name '*.d' 2>/dev/null)
