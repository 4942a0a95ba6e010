# SPDX-License-Identifier: GPL-2.0-only
# vigie: `make help` lists the targets. What a folder needs beyond this file is in its own .mk.

O       ?= build
CLANG   ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
DESTDIR ?=
PREFIX  ?= /usr/local

ifeq ($(V),1)
  Q =
  say = @:
else
  Q = @
  say = @printf '  %-8s %s\n'
endif

ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/')
VERSION := 0.1.0
REVISION := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

# --- Flags. DEV=1 adds what developers answer for; SAN=address,undefined instruments.
PKGS := libbpf libelf libdw liblzma zlib libmicrohttpd libcap-ng libseccomp nettle json-c yaml-0.1 gnutls libcrypt ncursesw
CPPFLAGS += -D_GNU_SOURCE -Iinclude -Iuser -I$(O)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Wformat=2 -Wno-unused-parameter -fno-strict-aliasing \
	  -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS += -Wl,-z,relro,-z,now -Wl,--as-needed
ifeq ($(DEV),1)
  CFLAGS += -Werror -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
	    -Wwrite-strings -Wunused -Wshadow -Wpointer-arith -Wdeclaration-after-statement
  BPF_WERROR = -Werror
endif
ifneq ($(SAN),)
  CFLAGS := $(filter-out -D_FORTIFY_SOURCE=2,$(CFLAGS)) -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
  LDFLAGS += -fsanitize=$(SAN)
endif
ifneq ($(STATIC),1)
  # libiberty, which demangles, has no pkg-config file and is an archive only. STATIC=1: deploy/static.
  LDLIBS += $(shell $(PKG_CONFIG) --libs $(PKGS)) -liberty
endif

# Names of sources are in BTF, and so in the binary: not where they were built.
BPF_CFLAGS := -g -fdebug-compilation-dir=. -O2 -mcpu=v3 --target=bpf -D__TARGET_ARCH_$(ARCH) -Iinclude -Ivmlinux -Ibpf -Ibpf/profile \
	      -Wall -Wextra -Wno-unused-parameter $(BPF_WERROR)

# --- What is built from what: folders, not lists.
# The linker of libbpf 1.1 misplaces a map that is referred to before it is defined: owners first.
BPF_OWNERS := $(patsubst %,bpf/%.bpf.c,knobs cpus events state rss)
BPF_SRC  := $(BPF_OWNERS) $(filter-out $(BPF_OWNERS),$(wildcard bpf/*.bpf.c))
BPF_OBJ  := $(BPF_SRC:%.bpf.c=$(O)/%.bpf.o)
# A profiling session's programs: an object of their own, loaded only while one runs.
SESSION_SRC := $(patsubst %,bpf/%.bpf.c,knobs profile/session profile/thread_times profile/stacks profile/wakers)
SESSION_OBJ := $(SESSION_SRC:%.bpf.c=$(O)/%.bpf.o)
USER_SRC := $(wildcard user/*/*.c)
USER_OBJ := $(USER_SRC:%.c=$(O)/%.o)
LIB      := $(O)/libvigie.a
# vigie-push: libcurl is linked there and nowhere else. Where it is missing, the rest is built.
PUSH_OBJ := $(patsubst %,$(O)/user/%.o,app/push_main push/transport)
CURL     := $(shell $(PKG_CONFIG) --libs libcurl 2>/dev/null)
ifeq ($(STATIC),1)
  PUSH_PROGRAM :=
else
  PUSH_PROGRAM := $(if $(CURL),$(O)/vigie-push)
endif
LIB_OBJ  := $(filter-out $(O)/user/app/main.o $(PUSH_OBJ),$(USER_OBJ))
SKEL     := $(O)/gen/vigie.skel.h
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:%.c=$(O)/%)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all test test-bpf test-e2e test-vm torture fuzz bench lint format install help clean docs FORCE

all: $(O)/vigie $(PUSH_PROGRAM)
ifeq ($(CURL)$(STATIC),)
	@echo '  SKIP     $(O)/vigie-push: no libcurl here (libcurl4-gnutls-dev)'
endif

help:
	@printf '%s\n' 'Targets:' \
	'  all        build/vigie; build/vigie-push where libcurl is' \
	'  test       unit and golden tests: no root, no network' \
	'  test-bpf   BPF logic through syscall programs (root)' \
	'  test-e2e   the whole against the running kernel (root)' \
	'  test-vm    the same binary on other kernels, in VMs (test-vm-rt: real-time ones; test-vm-systemd: the package)' \
	'  test-powerbi  an export before LibreOffice and a parser of Power Query' \
	'  torture    unit tests with every allocation failing once' \
	'  fuzz       parsers and writers under libFuzzer, FUZZ_SECONDS each' \
	'  torture-syscalls  vigie serve with every system call failing once (root)' \
	'  soak       vigie serve for SOAK_SECONDS=1800 under all that happens: has it grown? (root; soak-self-test: would it see?)' \
	'  bench      vigie against its peers, in the same run (root; bench-session, bench-budget, bench-web, bench-top)' \
	'  campaign   real faults and what looks like them, 25 minutes (root; campaign-sessions: a part of it)' \
	'  campaign-day  days of a made-up host: warnings for nothing?' \
	'  lint       format, layers, sizes, banned functions, shell, rules, dashboards, links' \
	'  format     apply clang-format and jsonnetfmt' \
	'  docs       regenerate docs/metrics.md, rules.md, units.md, configuration.md, deploy/vigie.yml' \
	'  mixin      regenerate the rules, dashboards and resources that deploy/mixin makes' \
	'  manual     build/manual: manual pages, completion for bash and zsh' \
	'  deb        build/deb: a Debian package (test-deb: twice, lintian, installed in a chroot)' \
	'  container  an image with podman, from a binary of STATIC=1 (test-static, test-container, test-kubernetes)' \
	'  install    program, manual, unit, documents, below $$DESTDIR$$PREFIX; uninstall' \
	'  clean      remove $$O' \
	'Knobs: V=1 (show commands) O=DIR DEV=1 (-Werror) SAN=address,undefined STATIC=1'

$(O)/vigie: $(O)/user/app/main.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/vigie-push: $(PUSH_OBJ) $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(CURL)

$(LIB): $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The flags are a prerequisite, so that a change of DEV, SAN, STATIC or the compiler rebuilds.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(CLANG) $(BPF_CFLAGS) $(STATIC)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(CLANG) $(BPF_CFLAGS) $(STATIC)' > $@
$(O)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define VIGIE_VERSION "%s"\n#define VIGIE_REVISION "%s"\n' '$(VERSION)' '$(REVISION)' > $@.tmp
	@cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@
FORCE:

$(O)/%.bpf.o: %.bpf.c $(O)/flags
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(O)/gen/vigie.bpf.o: $(BPF_OBJ) Makefile
	$(say) BPFLINK $@
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJ)

$(O)/gen/session.bpf.o: $(SESSION_OBJ) Makefile
	$(say) BPFLINK $@
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $(SESSION_OBJ)

$(O)/gen/%.skel.h: $(O)/gen/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

# Only collect and profile see a skeleton, each its own.
$(filter $(O)/user/collect/%,$(USER_OBJ)): | $(SKEL)
$(filter $(O)/user/profile/%,$(USER_OBJ)): | $(O)/gen/session.skel.h

# The page's script and style are files of their own; a header holds their bytes.
define embed
$(Q)(echo 'static const unsigned char $(subst .,_,$*)[] = {'; \
	od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g'; echo '};') > $@.tmp && mv $@.tmp $@
endef
PAGE_PARTS := $(O)/gen/page.js.h $(O)/gen/page.css.h
$(PAGE_PARTS): $(O)/gen/%.h: user/report/% Makefile
	$(say) EMBED $@
	@mkdir -p $(@D)
	$(embed)
$(O)/user/report/html.o: | $(PAGE_PARTS)
LIVE_PARTS := $(O)/gen/live.js.h $(O)/gen/live.css.h $(O)/gen/live.svg.h
$(LIVE_PARTS): $(O)/gen/%.h: user/web/% Makefile
	$(say) EMBED $@
	@mkdir -p $(@D)
	$(embed)
$(O)/user/web/files.o: | $(LIVE_PARTS)

$(O)/%.o: %.c $(O)/flags | $(O)/gen/version.h
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# --- Tests. Each tests/unit/test_*.c is one cmocka program over the library.
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# All of these programs, with -j some at a time: what each says stays together.
run-each = +@$(MAKE) --no-print-directory -k $(1:%=%.run)
%.run: % FORCE
	@said=$$($< 2>&1); status=$$?; printf '%s\n' "$$said"; exit $$status

test: $(UNIT_BIN)
	$(call run-each,$(UNIT_BIN))

include $(wildcard deploy/*.mk deploy/*/*.mk tests/*/*.mk scripts/*.mk)

docs: $(O)/vigie

clean:
	rm -rf $(O)

-include $(BPF_OBJ:.o=.d) $(SESSION_OBJ:.o=.d) $(USER_OBJ:.o=.d) $(UNIT_BIN:=.d)
