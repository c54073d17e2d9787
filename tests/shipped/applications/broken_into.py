#!/usr/bin/python3
"""What somebody does who got in: each line says what became of it."""
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    failed = getattr(libc, name)(*arguments) == -1
    print(name, errno.errorcode[ctypes.get_errno()] if failed else "succeeded")


def write(path):
    try:
        with open(path, "w") as file:
            file.write("x")
        print(path, "written")
    except OSError as error:
        print(path, errno.errorcode[error.errno])


write("/tmp/file")
write("/data/file")
call("unshare", 0x40000000)
call("ptrace", 16, os.getppid(), 0, 0)
call("setuid", 0)
call("syscall", 248, 0, 0, 0, 0, 0)
print("preload", os.environ.get("LD_PRELOAD"))
