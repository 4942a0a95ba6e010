#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""seed - writes the hand-made part of the corpus. Run after editing; commit the result."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
HEX = "0123456789abcdef" * 4
UID = "12345678_1234_1234_1234_123456789abc"

PARSE = ["0", "1", "18446744073709551615", "18446744073709551616", "250ms", "1.5h", "2d", "1ns",
         "0.000000001s", "18446744073.709551615s", "1.s", ".5s", "1e3", "-1", " 1"]
TEXT = [b"bash", b"", b"a\nb", b'"\\{}', b"\x1b[2J", b"\xc2\x9b", b"\xe2\x80\xae", b"\xff\xfe",
        b"\xed\xa0\x80", b"\xef\xbf\xbf", b"\xf4\x90\x80\x80", b"\xc0\x80", b"x" * 300,
        "żółw 监控 🐢".encode(), b"abc\x00def"]
UNIT = ["/", "/init.scope", "/system.slice/nginx.service", f"/docker/{HEX}",
        f"/system.slice/docker-{HEX}.scope", f"/machine.slice/libpod-{HEX}.scope",
        f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID}.slice/"
        f"cri-containerd-{HEX}.scope", f"/kubepods/besteffort/pod{UID.replace('_', '-')}/{HEX}",
        f"/kubepods.slice/crio-{HEX}.scope", "/lxc.payload.web/init.scope", "//a//", "/" + "x" * 400,
        "/user.slice/user-1000.slice/user@1000.service/app.slice/a\\x2db.service"]
ADDRESS = ["127.0.0.1:9838", "[::1]:9838", ":9838", "localhost:1", "unix:/run/vigie.sock",
           "0.0.0.0:65535", "[::]:0", "1.2.3.4:65536", "unix:", "[fe80::1%eth0]:1", "a:b:c",
           "unix:" + "/x" * 60]
REQUEST = [
    "GET\nHTTP/1.1\n/metrics\nHost: localhost:9838\n"
    "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;"
    "q=0.1\nAccept-Encoding: gzip",
    "HEAD\nHTTP/1.0\n/\n", "POST\nHTTP/1.1\n/metrics\nHost: a\nContent-Length: 5",
    "GET\nHTTP/1.1\nhttp://localhost/metrics\nHost: localhost\nHost: other",
    "GET\nHTTP/1.1\n/..%2f..\nHost: [::1]:1\nAccept-Encoding: gzip;q=0, identity;q=0",
    "GET\nHTTP/2.0\n*\nHost: evil.example\nTransfer-Encoding: chunked",
    'GET\nHTTP/1.1\n/\nHost: 127.0.0.1\nAccept: text/plain;escaping="allow-utf-8;q=",;;q=1.0000',
]


CID = "44e2ba42cbe3f098542e7fa50123456789abcdef0123456789abcdef01234567"
# The first byte chooses the file, see fuzz_runtimes.c.
RUNTIMES = [
    '0{"Name":"/web","Config":{"Image":"nginx:1","Labels":{"io.kubernetes.container.name":"a",'
    '"io.kubernetes.pod.name":"a-0","io.kubernetes.pod.namespace":"b"}}}',
    '1{"annotations":{"io.kubernetes.cri.container-name":"a","io.kubernetes.cri.sandbox-name":"a-0",'
    '"io.kubernetes.cri.sandbox-namespace":"b","io.kubernetes.cri.image-name":"c","nerdctl/name":"d"}}',
    f'2[{{"id":"{CID}","names":["web"],"metadata":"{{\\"image-name\\":\\"a:1\\"}}"}}]',
    f"3web-0_shop_app-{CID}.log", "4shop_web-0_aaaa2b4a-f398-41c0-928b-049e1cc4ec40",
]


YAML = [
    "", "web:\n  listen: [127.0.0.1:1, 'unix:/x']\n  safe: true\n", "log:\n  levl: x\n  level: ~\n",
    "a: &x [1]\nb: *x\n", "a: !!str 1\n", "a: 1\na: 2\n", "a: |\n  one\n  two\nb: >-\n  three\n",
    "---\na: 1\n...\n---\nb: 2\n", "? [a]\n: b\n", "%YAML 1.1\n%TAG ! tag:x:\n---\na: !y 1\n",
    "[" * 40, "- " * 40, '{"a\\0": "\\u263a\\x41\\e"}', b"a: \xff\n", b"a: \0\n",
    b"\xef\xbb\xbfa: \xc2\x85b: \xe2\x80\xa8c\n", b"\xff\xfea\0:\0", "groups: {max: '7', mx: 8}\n",
    "tls_server_config:\n  cert_file: a\nbasic_auth_users:\n  alice: $2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze\n",
]


def record(comm, exe=b"/bin/true", path=b"/a.service", numbers=b"\1\2\3\4\5\6\7\10"):
    fields = ((comm, 16), (exe, 32), (path, 16), (numbers, 8))
    return b"".join(value[:size].ljust(size, b"\0") for value, size in fields)


ENCODE = [b"", record(b"bash"), record(b'a"b\\c\n') * 3,
          b"".join(record(text, text, text) for text in TEXT),
          b"".join(record(b"p%d" % i, path=b"/%d" % i) for i in range(24)),
          record(b"(all other processes)") + record(b"(all other processes", numbers=b"\xff" * 8)]


# The first byte chooses the file, see fuzz_proc.c.
PROC = [
    "0cpu  10 2 3 400 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5 1\nctxt 77\nbtime 1700000000\n"
    "processes 88\nprocs_running 2\nprocs_blocked 1\n", "0cpu", "0cpu 99999999999999999999999999\n",
    "1MemTotal:       8000000 kB\nMemFree: 1 kB\nMemAvailable:  4 kB\nSwapTotal: 0 kB\n", "1MemTotal:",
    "2pswpin 1\npswpout 2\npgfault 3", "2pswpin",
    "3some avg10=0.00 avg60=0.00 avg300=0.00 total=123\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=4\n",
    "3anon 1\nfile 18446744073709551616\nnr_periods 3\nanon\nanonymous 5", "3max", "3full some total=",
    "4bash", "4) S 1 2 3", b"4\xff\n) Z", "41 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x 1",
]
MAPPING = [
    "7f0000000000-7f0000001000 r-xp 00000000 fd:01 42                 /usr/lib/libc.so.6\n",
    "7ffc0000-7ffd0000 rw-p 00000000 00:00 0                          [stack]\n", "0-1 r 0 0:0 0",
    "7f00-7f01 r-xp 00000000 00:01 9 /memfd:a b (deleted)\n", "ffffffffff600000-ffffffffff601000 --xp 0 0:0 0",
    "1-2 rwxp 0 0:0 18446744073709551616 /a\\012b", "x-y", "", "1-2 r-xp 0 0:0 1",
]
JITMAP = [
    "100 10 old\n0x1000 0x10 java name\n100 8 new\nno line\n100\n1 1 x", "ffffffffffffffff ffffffffffffffff top\n",
    "0 ffffffffffffffff all\n", "100 0 nothing\n", b"100 10 a\0b\n1000 1 \xff\n", "100 10 " + "n" * 1100 + "\n1 1 y",
    "7f0000000000 1000 ", "-1 1 a\n 1 1 b\n",
]
CSV = [
    "1700000000,1\n1700000030,2.5\n1700000060,1e300\n", "2026-01-02T03:04:05.678Z,-1\n2026-01-02 03:04:06,inf\n",
    "0,nan\n0,0x10\n", "18446744073709551615,1\n", "1,2,3\n,\n1,\n1, 2\n", "9999-12-31 23:59:60,5e-324\n",
    "".join(f"{1700000000 + 30 * i},{i % 7}\n" for i in range(200)) + "1700006000,1e9\n",
    "5,1\n4,1\n5,1\n5,-1.7976931348623157e308\n5,1.7976931348623157e308\n",
]
ESCAPE = TEXT + [
    b"<script>&amp;'\"</script>", b"&#39;&lt;", b"a\nMESSAGE=b", b"%(asctime)s - %(levelname)s - %(message)s",
    b"%(message)", b"%(levelname)-8s|%(name)s|%%", b"%(asctime)s.%(msecs)03d %(process)d", b"\\u0000\\",
]

# The first byte chooses the path, see fuzz_question.c: 2 range, 3 instant, 4 group, 0 finding, 1 session.
QUESTION = [
    "2from=1790000000.25&to=1790000001&points=7", "2&&to=5&", "2points=2001", "2from=5&from=5", "2from=1e9",
    "3at=1790000000.123456789987&by=pid&from=1", "3by=group", "4unit=%2Fa%26b+c&comm=%c3%A9%3D%25&points=2000",
    "4unit=%4&comm=%", "4unit=a%00b&comm=c", "4unit=" + "a" * 1200 + "&comm=b", "0id=0123456789ab", "0id=../../../etc",
    "1id=0123456789AB", "1id=0123456789ab&id=", "2", "2=&=", "9x",
    struct.pack("<IIQQQII", 0, 7, 1, 2, 0, 0, 200).ljust(1600, b"\0"),
    struct.pack("<IIQQQII", 2, 360, 0, 0, 0, 0, 200) + b"a".ljust(1200, b"\0") + b"b".ljust(256, b"\0"),
    struct.pack("<IIQQQII", 3, 360, 0, 0, 0, 0, 200) + b"\0" * 1456 + b"0123456789ab\0\0\0\0",
    "3rows=8192&by=pid", "3rows=8193",
]

PAGE = [
    '# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds b\\nc\na_seconds_total{b="\\\\\\"",c=""} 1e-07\n# EOF\n',
    '# TYPE h histogram\nh_bucket{a="b",le="1e-06"} 1\nh_bucket{a="b",le="+Inf"} 2\nh_count{a="b"} 2\nh_sum{a="b"} 0.5\n# EOF\n',
    '# TYPE i info\ni_info{a="\\n"} 1\n# TYPE g gauge\ng -5\n# TYPE u unknown\n# EOF\n', "# EOF\n", "# EOF",
    '# TYPE a gauge\na{b="c\\', '# TYPE a gauge\na NaN\n# EOF\n', b'# TYPE a gauge\na{b="\xed\xa0\x80"} 1\n# EOF\n',
    '# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 1\n# EOF\n', "# TYPE a gauge\n# TYPE a gauge\n# EOF\n\0",
]


# Retry-After, and behind the line's end an OTLP answer; see fuzz_push_answer.c.
PUSH_ANSWER = [
    "17", "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:60 GMT\n", "99999999999999999999", "\n",
    b"0\n\x0a\x08\x08\xac\x02\x12\x03old", b"\n\x0a\x00", b"\n\x10\x07\x1dabcd\x0a\x02\x08\x05\x21abcdefgh",
    b"\n\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\n\x0b\x0c", b"\n\x0a\x07\x12\x05a\x1b[2J",
]


def write(name, inputs):
    folder = os.path.join(HERE, "corpus", name)
    os.makedirs(folder, exist_ok=True)
    for i, data in enumerate(inputs):
        with open(os.path.join(folder, f"hand-{i:02}"), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())


for corpus, texts in (("parse", PARSE), ("text", TEXT), ("unit", UNIT), ("http_address", ADDRESS),
                      ("request", REQUEST), ("encode", ENCODE), ("runtimes", RUNTIMES), ("yaml", YAML),
                      ("proc", PROC), ("mapping", MAPPING), ("jitmap", JITMAP), ("csv", CSV),
                      ("escape", ESCAPE), ("question", QUESTION), ("push_answer", PUSH_ANSWER)):
    write(corpus, texts)
