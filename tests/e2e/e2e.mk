# SPDX-License-Identifier: GPL-2.0-only
# The whole against the running kernel: every tests/e2e/test_*.py, one after the other, so that
# none is another's noise. scripts/test runs them one by one, too.

WORKLOAD_SRC := $(wildcard tests/workload/*.c)
WORKLOAD_BIN := $(WORKLOAD_SRC:%.c=$(O)/%)

# What --fp is for.
$(O)/tests/workload/pointers: WORKLOAD_CFLAGS := -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables

# One file each, no library of ours: they are what vigie is measured with.
$(WORKLOAD_BIN): $(O)/tests/workload/%: tests/workload/%.c $(O)/flags
	$(say) WORKLOAD $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WORKLOAD_CFLAGS) -pthread -MMD -MP $(LDFLAGS) -o $@ $<

.PHONY: e2e-workloads
e2e-workloads: $(WORKLOAD_BIN)

# With what the other rules here add: a program that a test finds by $O.
.PHONY: e2e-programs
e2e-programs: $(O)/vigie $(PUSH_PROGRAM) e2e-workloads $(O)/tests/campaign/acts $(O)/tests/bench/sleepers

test-e2e: e2e-programs
	@status=0; for t in $(wildcard tests/e2e/test_*.py); do \
		O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B $$t -v || status=1; done; exit $$status

-include $(WORKLOAD_BIN:=.d)
