# SPDX-License-Identifier: GPL-2.0-only
# The whole against the running kernel: every tests/e2e/test_*.py that http.mk does not run
# already, one after the other, so that none is another's noise.

WORKLOAD_SRC := $(wildcard tests/workload/*.c)
WORKLOAD_BIN := $(WORKLOAD_SRC:%.c=$(O)/%)
E2E_ALONE := $(filter-out tests/e2e/test_http% tests/e2e/test_confine.py,$(wildcard tests/e2e/test_*.py))

# What --fp is for.
$(O)/tests/workload/pointers: WORKLOAD_CFLAGS := -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables

# One file each, no library of ours: they are what vigie is measured with.
$(WORKLOAD_BIN): $(O)/tests/workload/%: tests/workload/%.c $(O)/flags
	$(say) WORKLOAD $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WORKLOAD_CFLAGS) -pthread -MMD -MP $(LDFLAGS) -o $@ $<

.PHONY: e2e-workloads
e2e-workloads: $(WORKLOAD_BIN)

test-e2e: $(O)/vigie $(WORKLOAD_BIN) $(O)/tests/e2e/profile_fixture $(O)/tests/e2e/log_fixture $(O)/tests/campaign/acts
	@status=0; for t in $(E2E_ALONE); do \
		O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B $$t -v || status=1; done; exit $$status

-include $(WORKLOAD_BIN:=.d)
