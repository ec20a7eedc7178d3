# SPDX-License-Identifier: GPL-3.0-or-later
# One non-recursive makefile. Everything made lands in build/$(V)/; V names a variant:
#   gcc (default), clang, asan (gcc with -fsanitize=address,undefined), fuzz (clang with the same, and what libFuzzer
#   steers by).
V       ?= gcc
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
B       := build/$(V)

.DEFAULT_GOAL := all

CC_gcc := gcc
CC_clang := clang
CC_asan := gcc
CC_fuzz := clang
OPT_gcc := -O2 -g
OPT_clang := -O2 -g
OPT_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPT_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
CC := $(CC_$(V))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 \
        -Wundef -Wpointer-arith -Wcast-qual -Werror
PKGS := libpq hiredis jansson talloc libsodium libjwt libcurl libcrypto libseccomp cairo MagickWand fcgi libmagic zlib check
# Evaluated once, after tools/deps has had its chance to install what pkg-config asks for.
pkg = $(shell pkg-config $(1) $(2) 2>/dev/null)
VERSION := 1.0.0
DEFS := -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -DMILLRACE_VERSION='"$(VERSION)"' \
        -DMILLRACE_LIBDIR='"$(PREFIX)/lib/millrace"' -DMILLRACE_SHAREDIR='"$(PREFIX)/share/millrace"'
ifneq ($(filter asan fuzz,$(V)),)
DEFS := $(filter-out -D_FORTIFY_SOURCE=2,$(DEFS))
endif
CFLAGS_ALL = -std=gnu17 $(OPT_$(V)) $(WARN) $(DEFS) -I. -I$(B)/gen -include common/banned.h \
             -fstack-protector-strong -fPIE -ffunction-sections -fdata-sections -MMD -MP $(CFLAGS)
LDFLAGS_ALL = $(OPT_$(V)) -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections $(LDFLAGS)

include tools/rules.mk
include tools/targets.mk
