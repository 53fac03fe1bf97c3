# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What `make coverage` says of lines that no test reaches: whose they are, and whether the list of reasons has them."""
import re
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / "tools/rig"), str(TOP / "tests")]
import coverage  # noqa: E402
import unittest_tap  # noqa: E402

SOURCE = """
static DEFINE_SPINLOCK(lock);

static struct thing *find(struct table *t,
			  int (*fn)(void *))
{
	if (t)
		goto out;
out:
	return NULL;
}

static const struct ops ops = {
	.find = find,
};

/* Comment. */
static void __exit leave(void)
{
	find(NULL, NULL);
}
"""
FOUND = {"driver/weft_a.c": {7: 1, 8: 0, 10: 0, 19: 5, 20: 5}, "driver/compat/weft_b.h": {7: 2, 20: 0}}
SOURCES = {name: coverage.functions(SOURCE) for name in FOUND}
KNOWN = {("weft_a.c", "find"), ("weft_a.c", "leave"), ("compat/weft_b.h", "find"), ("compat/weft_b.h", "leave")}
LIST = """# A comment: with a colon

weft_a.c find: race: two at once
compat/weft_b.h leave: the module stays: it is not unloaded
"""


def wrong(listed=LIST, found=None):
    return coverage.compare(coverage.unreached(found or FOUND, SOURCES), coverage.reasons(listed), KNOWN)


class Functions(unittest.TestCase):
    def test_each_line_has_its_function(self):
        names = coverage.functions(SOURCE)
        self.assertEqual([names[line - 1] for line in (4, 7, 9, 10, 11, 18, 20, 21)], ["find"] * 5 + ["leave"] * 3)

    def test_lines_are_counted(self):
        self.assertEqual(coverage.unreached(FOUND, SOURCES), {("weft_a.c", "find"): 2, ("compat/weft_b.h", "leave"): 1})


class Comparison(unittest.TestCase):
    def test_all_well(self):
        self.assertEqual(wrong(), [])

    def test_missing_entry(self):
        self.assertEqual(wrong("weft_a.c find: why not\n"), [
            "compat/weft_b.h leave: 1 lines are not reached, and tests/kselftest/uncovered.txt has no reason"])
        # the other file's function of that name is another
        self.assertEqual(len(wrong("weft_a.c leave: race: a\ncompat/weft_b.h find: race: b\n")), 2)

    def test_stale_entry(self):
        self.assertEqual(wrong(LIST + "weft_a.c leave: never\n"), [
            "weft_a.c leave: in tests/kselftest/uncovered.txt, but every line of it is reached"])
        self.assertEqual(wrong(LIST + "weft_a.c gone: never\n"), [
            "weft_a.c gone: in tests/kselftest/uncovered.txt, but there is no such function"])

    def test_race_that_was_won(self):
        found = FOUND | {"driver/weft_a.c": {7: 1, 8: 1, 10: 1}}
        self.assertEqual(wrong(found=found), [])
        self.assertEqual(len(wrong(LIST.replace("race: two", "two"), found)), 1)
        self.assertEqual(len(wrong(LIST + "weft_a.c gone: race: never\n")), 1)

    def test_more_lines_than_meant(self):
        self.assertEqual(wrong(LIST.replace("race: two", "up to 2 lines: race: two")), [])
        self.assertEqual(wrong(LIST.replace("race: two", "up to 1 lines: race: two")), [
            "weft_a.c find: 2 lines are not reached, and tests/kselftest/uncovered.txt has a reason for 1"])
        # a race that was won, with a bound
        found = FOUND | {"driver/weft_a.c": {7: 1, 8: 1, 10: 1}}
        self.assertEqual(wrong(LIST.replace("race: two", "up to 2 lines: race: two"), found), [])
        self.assertEqual(len(wrong(LIST.replace("race: two", "up to 2 lines: two"), found)), 1)


class List(unittest.TestCase):
    """The list of the tree: what can be said of it without a run."""
    def test_lines(self):
        text = (TOP / coverage.REASONS).read_text()
        rows = [line for line in text.splitlines() if not line.startswith("#")]
        listed = coverage.reasons(text)
        self.assertEqual(len(listed), len(rows), "a function is there twice")
        for row in rows:
            self.assertRegex(row, r"^[\w/]+\.[ch] \w+: \S.*\S$")
            self.assertLessEqual(len(row), 130, row)
        for name, function in listed:
            self.assertIn(function, coverage.functions((TOP / "driver" / name).read_text()), name)
        for path in re.findall(r"tests/[\w/.]+\w", text):
            self.assertTrue((TOP / path).exists(), path)


if __name__ == "__main__":
    sys.exit(unittest_tap.run(sys.modules[__name__]))
