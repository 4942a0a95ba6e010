# SPDX-License-Identifier: GPL-2.0-only
"""make bench-doc: puts the results of the last `make bench` between the markers of a page.

`doc.py RESULTS PAGE`. Everything outside the markers stays as it is. Measures nothing.
"""
import sys

BEGIN = "<!-- results: begin (make bench, then make bench-doc) -->"
END = "<!-- results: end -->"


def replaced(page, results):
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"has no '{BEGIN}' … '{END}'")
    return f"{head}{BEGIN}\n{results.strip()}\n{END}{tail}"


def main():
    results_path, page_path = sys.argv[1:]
    try:
        with open(results_path, encoding="utf-8") as f:
            results = f.read()
    except FileNotFoundError:
        sys.exit(f"bench-doc: {results_path} does not exist: run make bench first")
    if "COULD NOT RUN" in results:
        sys.exit(f"bench-doc: {results_path}: a row could not run; run make bench again")
    with open(page_path, encoding="utf-8") as f:
        page = f.read()
    try:
        page = replaced(page, results)
    except ValueError as e:
        sys.exit(f"bench-doc: {page_path} {e}")
    with open(page_path, "w", encoding="utf-8") as f:
        f.write(page)


if __name__ == "__main__":
    main()
