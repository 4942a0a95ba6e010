# SPDX-License-Identifier: GPL-2.0-only
# Helpers of test_http*.py, test_confine.py and test_log.py, which find them by $O.
HTTP_E2E_BIN := $(O)/tests/e2e/http_fixture $(O)/tests/e2e/confine_probe $(O)/tests/e2e/log_fixture

$(HTTP_E2E_BIN): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: test-http
test-http: $(HTTP_E2E_BIN)
	O=$(O) python3 tests/e2e/test_http.py
	O=$(O) python3 tests/e2e/test_http_abuse.py
	O=$(O) python3 tests/e2e/test_confine.py
test-e2e: test-http

-include $(HTTP_E2E_BIN:=.d)
