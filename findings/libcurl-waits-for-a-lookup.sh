#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libcurl-waits-for-a-lookup - curl_multi_perform() waits for a name server that does not answer.
#
# libcurl 7.88.1 of Debian 12 looks names up in a thread, so that the multi interface need not wait. But a transfer
# that ends meanwhile, by CURLOPT_TIMEOUT_MS say, joins its thread, which libc gives ten seconds: curl_multi_perform()
# does not return before, and every other transfer of that handle stands still. So one destination whose name server is gone
# holds up all others. CURLOPT_QUICK_EXIT, documented as being for who "is about to exit", is what lets go of the thread.
#
# Needs root (a network namespace whose name server takes questions and answers none), gcc, libcurl4-gnutls-dev
# 7.88.1-10+deb12u15. Exits with 1 if it goes otherwise.
set -euo pipefail

version=$(dpkg-query -Wf '${Version}' libcurl4-gnutls-dev)
[ "$version" = 7.88.1-10+deb12u15 ] || { echo "another libcurl: $version"; exit 1; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cat >"$place/lookup.c" <<'END'
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The longest that one call took, in seconds, of a transfer that may take a second. */
int main(int argc, char **argv)
{
	CURLM *multi = curl_multi_init();
	CURL *easy = curl_easy_init();
	double longest = 0, begin, took;
	int running = 1;

	curl_easy_setopt(easy, CURLOPT_URL, "http://hangs.example/");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 1000L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, (long)atoi(argv[1]));
	curl_multi_add_handle(multi, easy);
	while (running) {
		curl_multi_poll(multi, NULL, 0, 100, NULL);
		begin = now();
		curl_multi_perform(multi, &running);
		took = now() - begin;
		longest = took > longest ? took : longest;
	}
	printf("%.1f\n", longest);
	fflush(stdout);
	_Exit(0); /* not what is measured */
}
END
cc -O2 -o "$place/lookup" "$place/lookup.c" -lcurl
echo 'nameserver 127.0.0.1' >"$place/resolv.conf"
cat >"$place/silent.py" <<'END'
import socket
import subprocess
import sys

names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
for quick in "01":
    print(subprocess.check_output([sys.argv[1], quick], text=True).strip(), flush=True)
END

# shellcheck disable=SC2016  # the inner shell's
said=$(unshare --net --mount bash -c 'set -e
	ip link set lo up
	mount --bind "$1/resolv.conf" /etc/resolv.conf
	python3 "$1/silent.py" "$1/lookup"' - "$place")
waits=$(sed -n 1p <<<"$said") quick=$(sed -n 2p <<<"$said")
echo "the longest curl_multi_perform() of a transfer with a timeout of 1 s: $waits s; with CURLOPT_QUICK_EXIT $quick s"
python3 -c "import sys; sys.exit(not (float('$waits') > 5 > 1 > float('$quick')))" || exit 1
echo "as described: it waits for the thread that looks the name up, unless told that we are about to exit"
