# SPDX-License-Identifier: GPL-2.0-only
# `vigie export` before plain readers of CSV: no root, no network. What needs LibreOffice and a
# parser of Power Query is a target of its own.

EXPORT_HISTORY := $(O)/tests/export/history

$(EXPORT_HISTORY): $(EXPORT_HISTORY).o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: test-export
test: test-export
test-export: $(O)/vigie $(EXPORT_HISTORY)
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/export/test_export.py

-include $(EXPORT_HISTORY).d
