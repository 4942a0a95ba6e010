# SPDX-License-Identifier: GPL-2.0-only
# torture_*.c: cmocka programs in which the allocations of our own objects fail in turn.
# Always with sanitizers: what must not happen is what they see.

TORTURE_SRC := $(wildcard tests/unit/torture_*.c)
TORTURE_O   := $(O)-torture
TORTURE_BIN := $(TORTURE_SRC:%.c=$(TORTURE_O)/%)
TORTURE_WRAP := malloc calloc realloc reallocarray strdup strndup free
comma := ,

$(O)/tests/unit/torture_%: $(O)/tests/unit/torture_%.o $(O)/tests/lib/torture.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TORTURE_WRAP:%=-Wl$(comma)--wrap=%) -o $@ $^ $(LDLIBS) -lcmocka

# The library is built a second time, instrumented, by a make of its own.
torture:
	$(Q)+$(MAKE) --no-print-directory O=$(TORTURE_O) SAN=address,undefined $(TORTURE_BIN)
	@status=0; for t in $(TORTURE_BIN); do $$t || status=1; done; exit $$status

-include $(TORTURE_SRC:%.c=$(O)/%.d) $(O)/tests/lib/torture.d
