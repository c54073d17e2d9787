#!/usr/bin/python3
"""One run of a job: variables of an override, intermediate files, helpers, a status of its own."""
import multiprocessing
import os
import subprocess
import sys
import tempfile


def main():
    date = sys.argv[1].partition("=")[2] if len(sys.argv) > 1 else "today"
    for name in sorted(os.environ):
        print(name, os.environ[name])
    scratch = os.environ["JOB_SCRATCH"]
    with open(scratch + "/rows", "w") as rows:
        rows.write("3\n1\n2\n")
    print(subprocess.run(["sort", scratch + "/rows"], capture_output=True, text=True).stdout.split())
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        file.write(b"x" * 100_000)
        file.flush()
        print(os.stat(file.name).st_size)
    with multiprocessing.Pool(2) as pool:
        print(pool.map(abs, range(-3, 3)))
    print("done", date, flush=True)
    sys.stdin.readline()
    return int(os.environ.get("JOB_STATUS", "0"))


if __name__ == "__main__":
    sys.exit(main())
