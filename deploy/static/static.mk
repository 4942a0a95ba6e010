# SPDX-License-Identifier: GPL-2.0-only
# STATIC=1: a binary for other distributions. Everything but the C library is linked in, and the C library
# is Debian 11's: a binary that was linked with a later one does not start on an older one, while later
# ones have all symbols of 2.31. Objects are compiled with this host's headers, as archives of Debian
# 12 are; a function that 2.31 lacks is an undefined reference.

STATIC_DIR := $(O)/static

ifeq ($(STATIC),1)
# In the order in which they need each other.
STATIC_ARCHIVES := bpf microhttpd gnutls hogweed nettle gmp tasn1 dw elf bz2 lzma z seccomp cap-ng json-c \
	yaml crypt iberty ncursesw tinfo
# By path: below the other C library's root the linker would not find them, or find its own libc first.
static-archive = $(if $(filter gnutls bpf crypt,$(1)),$(STATIC_DIR)/lib$(1).a,$(shell $(CC) -print-file-name=lib$(1).a))
STATIC_COMPAT := $(O)/deploy/static/compat.o
LDLIBS := $(foreach name,$(STATIC_ARCHIVES),$(call static-archive,$(name))) -ldl -lpthread

# -B: where gcc looks first, before its own folders, which lead to this host's C library.
STATIC_GLIBC := $(abspath $(STATIC_DIR)/glibc)
$(O)/vigie: private LDFLAGS += --sysroot=$(STATIC_GLIBC) -B$(STATIC_GLIBC)/usr/lib/x86_64-linux-gnu/ -static-libgcc
$(LIB): | $(STATIC_DIR)/libgnutls.a
$(O)/vigie: $(STATIC_COMPAT)
$(STATIC_COMPAT): | $(O)/gen/errno_names.h
endif

# "#define EPERM 1", but not "#define EWOULDBLOCK EAGAIN".
$(O)/gen/errno_names.h: deploy/static/static.mk
	@mkdir -p $(@D)
	$(Q)echo '#include <errno.h>' | $(CC) -E -dM - | \
		awk '$$2 ~ /^E[A-Z0-9]+$$/ && $$3 ~ /^[0-9]+$$/ { printf "[%s] = \"%s\",\n", $$2, $$2 }' >$@

$(STATIC_DIR)/libgnutls.a: | deploy/static/setup
	$(say) STATIC $(STATIC_DIR)
	$(Q)nice deploy/static/setup $(STATIC_DIR)
