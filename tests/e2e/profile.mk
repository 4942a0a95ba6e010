# SPDX-License-Identifier: GPL-2.0-only
# What test_profile_formats.py judges; it finds it by $O.
PROFILE_FIXTURE := $(O)/tests/e2e/profile_fixture

$(PROFILE_FIXTURE): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(PROFILE_FIXTURE)

-include $(PROFILE_FIXTURE:=.d)
