# SPDX-License-Identifier: GPL-2.0-only
# Helpers of test_http*.py, test_web*.py, test_confine.py and test_log.py, which find them by $O.
HTTP_E2E_BIN := $(O)/tests/e2e/http_fixture $(O)/tests/e2e/confine_probe $(O)/tests/e2e/log_fixture

$(HTTP_E2E_BIN): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(HTTP_E2E_BIN)

-include $(HTTP_E2E_BIN:=.d)
