# SPDX-License-Identifier: GPL-2.0-only
# torture_*.c: cmocka programs in which the allocations of our own objects fail in turn.
# Always with sanitizers: what must not happen is what they see. The objects are those that
# scripts/test has from its instrumented unit tests.

TORTURE_SRC := $(wildcard tests/unit/torture_*.c)
TORTURE_O   := $(O)-san
TORTURE_BIN := $(TORTURE_SRC:%.c=$(TORTURE_O)/%)
TORTURE_WRAP := malloc calloc realloc reallocarray strdup strndup free
comma := ,

$(O)/tests/unit/torture_%: $(O)/tests/unit/torture_%.o $(O)/tests/lib/torture.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TORTURE_WRAP:%=-Wl$(comma)--wrap=%) -o $@ $^ $(LDLIBS) -lcmocka

# The library is built instrumented by a make of its own.
torture:
	$(Q)+$(MAKE) --no-print-directory O=$(TORTURE_O) SAN=address,undefined $(TORTURE_BIN)
	$(call run-each,$(TORTURE_BIN))

-include $(TORTURE_SRC:%.c=$(O)/%.d) $(O)/tests/lib/torture.d
