# SPDX-License-Identifier: GPL-2.0-only
# What test_containers.py drives; it finds it by $O.
NAMER_PROBE := $(O)/tests/e2e/namer_probe

$(NAMER_PROBE): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(NAMER_PROBE)

-include $(NAMER_PROBE:=.d)
