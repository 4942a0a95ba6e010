#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run - each fuzz target for some seconds, as TAP lines. Needs no root.
#
#   tests/fuzz/run.sh SECONDS BINARY...
set -uo pipefail
. "$(dirname "$0")/../lib/tap.sh"
here=$(dirname "$0")
seconds=$1
shift

fuzz() { # without libFuzzer's line for each new input
	set -o pipefail
	"$@" 2>&1 | grep -vE '^#[0-9]+\s'
}

for binary; do
	name=${binary##*/fuzz_}
	found=$(dirname "$binary")/found-$name
	mkdir -p "$found"
	# New inputs go to a directory of their own: the committed corpus is only read.
	check "fuzz $name: $seconds s from $(find "$here/corpus/$name" -type f | wc -l) inputs" \
		fuzz "$binary" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=8192 \
		-print_final_stats=1 -artifact_prefix="$(dirname "$binary")/$name-" \
		"$found" "$here/corpus/$name"
done
tap_end
