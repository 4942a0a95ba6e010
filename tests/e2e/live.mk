# SPDX-License-Identifier: GPL-2.0-only
# The past that test_live.py looks at; it finds it by $O.
LIVE_FIXTURE := $(O)/tests/e2e/live_fixture

$(LIVE_FIXTURE): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(LIVE_FIXTURE)

-include $(LIVE_FIXTURE).d
