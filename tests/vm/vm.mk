# SPDX-License-Identifier: GPL-2.0-only
# The same binary on other kernels. KERNELS=... overrides tests/vm/KERNELS.

VM_CHECK_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/vm/*.c))
VM_FILES := $(O)/vigie $(O)/tests/vm/check $(O)/tests/workload/leaves $(O)/tests/vm/moved \
	    tests/vm/guest.sh

$(O)/tests/vm/check: $(VM_CHECK_OBJ)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) -static -o $@ $^

$(O)/tests/vm/moved: tests/workload/moved.c $(O)/flags
	$(say) WORKLOAD $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -static -o $@ $<

# PREEMPT_RT, where programs of tracepoints are preempted: a target of its own, two to five minutes.
.PHONY: test-vm-rt
test-vm-rt: $(VM_FILES)
	$(Q)tests/vm/matrix $(VM_FILES:%=--add %) 6.1-rt 6.12-rt 7-rt

test-vm: $(VM_FILES)
	$(Q)tests/vm/matrix $(VM_FILES:%=--add %) $(KERNELS)

-include $(VM_CHECK_OBJ:.o=.d)
