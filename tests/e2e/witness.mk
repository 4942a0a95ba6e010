# SPDX-License-Identifier: GPL-2.0-only
# What test_witness.py drives; it finds it by $O.
WITNESS_PROBE := $(O)/tests/e2e/witness_probe $(O)/tests/e2e/parcel_probe

$(WITNESS_PROBE): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(WITNESS_PROBE)

-include $(WITNESS_PROBE:=.d)
