# SPDX-License-Identifier: GPL-2.0-only
# What Power BI and Excel would make of an export, as far as that can be tried without them: Microsoft's
# parser of Power Query (npm), LibreOffice and openpyxl. Not part of the suite: scripts/setup --powerbi
# installs 500 MB. What is missing is skipped, and said.

.PHONY: test-powerbi
test-powerbi: $(O)/vigie $(EXPORT_HISTORY)
	$(Q)O=$(O) VIGIE=$(O)/vigie /usr/bin/python3 -B tests/powerbi/test_powerbi.py -v
