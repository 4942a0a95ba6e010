# SPDX-License-Identifier: GPL-2.0-only
# What test_profiler.py drives; it finds it by $O.
PROFILER_PROBE := $(O)/tests/e2e/profiler_probe $(O)/tests/e2e/parcel_probe

$(PROFILER_PROBE): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(PROFILER_PROBE)

-include $(PROFILER_PROBE:=.d)
