#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# rebuild - a change of abi.h rebuilds both sides, and no change rebuilds nothing. TAP lines.
#
# Builds one object of each side in a directory of its own. -W makes believe that a file is
# new, so that nothing in the tree is touched.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL SAN V DEV

out=$(mktemp -d "${TMPDIR:-/tmp}/vigie-rebuild.XXXXXX")
trap 'rm -rf "$out"' EXIT

including() { # FOLDER HEADER: the first source there that includes it itself
	grep -lE "include [<\"]$2[>\"]" "$1"/*.c | head -n 1
}

bpf=$(including bpf 'vigie/abi.h')
bpf=${bpf:-$(including bpf '[a-z]+\.bpf\.h')} # by way of another header
user=$(including user/data 'data/[a-z]+\.h')
if [ -z "$bpf" ] || [ -z "$user" ]; then
	not_ok "a source of each side includes abi.h"
	tap_end
	exit
fi
bpf_object=$out/${bpf%.bpf.c}.bpf.o
user_object=$out/${user%.c}.o

build() {
	make -s O="$out" "$@" "$bpf_object" "$user_object" >"$out/log" 2>&1 </dev/null
}

built() { # OBJECT: did the last build make it?
	grep -q "[[:space:]]$1\$" "$out/log"
}

both() { built "$bpf_object" && built "$user_object"; }
neither() { ! built "$bpf_object" && ! built "$user_object"; }

check "both sides build: $bpf, $user" build
check "the log shows what is built" both
build
check "without a change nothing is built again" neither
build -W include/vigie/abi.h
check "abi.h changed: both sides are built again" both
build -W include/vigie/abi.h
build
check "and that is all" neither
build -W user/export/encode.h
check "a header that neither includes rebuilds neither" neither
build CFLAGS=-O1
check "other flags build the user side again" built "$user_object"
tap_end
