# SPDX-License-Identifier: GPL-2.0-only
# Helper of test_push_servers.py, which finds it by $O.
PUSH_ENCODE_BIN := $(O)/tests/e2e/push_encode

$(PUSH_ENCODE_BIN): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(PUSH_ENCODE_BIN)

-include $(PUSH_ENCODE_BIN:=.d)
