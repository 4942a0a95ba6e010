# SPDX-License-Identifier: GPL-2.0-only
# fuzz_NAME.c under libFuzzer, each for FUZZ_SECONDS, from the inputs in corpus/NAME.
# An input that breaks something is left in $(FUZZ_O): add it to the corpus with the fix.
# FUZZ="proc csv" runs some.

FUZZ_SECONDS ?= 60
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_O   := $(O)-fuzz
FUZZ_BIN := $(FUZZ:%=$(FUZZ_O)/fuzz_%)
# The pure folders, and what is pure of the others.
FUZZ_SRC := $(wildcard user/base/*.c user/data/*.c user/model/*.c user/record/*.c user/report/*.c \
	    user/runtimes/parse.c user/collect/host.c user/collect/words.c user/profile/mapping.c \
	    user/profile/jitmap.c user/app/detect_row.c user/detect/learned.c user/web/question.c \
	    user/push/partial.c user/push/retry.c) $(filter-out %/file.c,$(wildcard user/config/*.c)) \
	    $(filter-out %/findings_log.c %/log_since.c,$(wildcard user/log/*.c)) \
	    $(wildcard user/export/*.c) \
	    $(filter-out %/http.c %/http_setup.c %/listener.c %/conns.c %/routes.c %/farewell.c %/access_gate.c \
	    %/tls.c,$(wildcard user/http/*.c))
FUZZ_OBJ := $(FUZZ_SRC:%.c=$(FUZZ_O)/%.o)
FUZZ_FLAGS := -std=gnu11 -g -O1 -Wall -fno-sanitize-recover=undefined

$(FUZZ_O)/user/%.o: user/%.c
	$(say) FUZZCC $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP \
		-c $< -o $@

$(FUZZ_O)/user/report/html.o: | $(PAGE_PARTS)

$(FUZZ_O)/libfuzzed.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_O)/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_O)/libfuzzed.a
	$(say) FUZZ $@
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -MMD -MP \
		-MF $@.d -o $@ $< $(FUZZ_O)/libfuzzed.a $(LDLIBS)

fuzz: $(FUZZ_BIN)
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_BIN)

-include $(FUZZ_OBJ:.o=.d) $(FUZZ_BIN:=.d)
