#!/usr/bin/env python3
"""Adds up the JUnit reports of a folder, names what failed, and prints `N passed, N failed`."""
import pathlib
import sys
import xml.etree.ElementTree


def main():
    passed, failed = 0, []
    reports = sorted(pathlib.Path(sys.argv[1]).glob("*.xml"))
    for report in reports:
        for case in xml.etree.ElementTree.parse(report).iter("testcase"):
            # A skipped test has shown nothing, so it counts as failed.
            if any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
                failed.append(f"{report.stem}: {case.get('classname', '')} {case.get('name')}")
            else:
                passed += 1
    for name in failed:
        print(f"failed: {name}")
    if not reports:
        print("failed: no report was written")
    print(f"{passed} passed, {len(failed) + (not reports)} failed")
    sys.exit(bool(failed) or passed == 0)


if __name__ == "__main__":
    main()
