# SPDX-License-Identifier: GPL-2.0-only
# The golden files before other people's parsers, and the checker before broken pages. The
# comparison of encoders with these files is tests/unit/test_golden.c (GOLDEN_UPDATE=1 rewrites).

# A sanitizer makes a step in time ten times as dear: the screens themselves, then; where the steps lead
# is held without it, and what they read is in test_moments and test_top.
SCREENS := $(if $(SAN),Screens)

.PHONY: test-golden
test: test-golden
test-golden: $(O)/vigie
	$(Q)/usr/bin/python3 -B tests/golden/test_check.py
	$(Q)VIGIE=$(O)/vigie /usr/bin/python3 -B tests/golden/test_recording.py
	$(Q)VIGIE=$(O)/vigie /usr/bin/python3 -B tests/golden/test_screens.py $(SCREENS)
	$(Q)tests/golden/check.py || [ $$? -eq 249 ]
