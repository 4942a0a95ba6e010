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

test-vm: $(VM_FILES)
	$(Q)tests/vm/matrix $(VM_FILES:%=--add %) $(KERNELS)

-include $(VM_CHECK_OBJ:.o=.d)
