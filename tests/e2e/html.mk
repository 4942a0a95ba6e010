# SPDX-License-Identifier: GPL-2.0-only
# What test_profile_html.py looks at with a browser; it finds it by $O.
HTML_FIXTURE := $(O)/tests/e2e/html_fixture

$(HTML_FIXTURE): %: %.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

e2e-programs: $(HTML_FIXTURE)

-include $(HTML_FIXTURE).d
