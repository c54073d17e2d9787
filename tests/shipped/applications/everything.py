"""Python's ways to processes, threads, sockets and memory."""
import asyncio
import ctypes
import fcntl
import mmap
import multiprocessing
import multiprocessing.shared_memory
import os
import pty
import resource
import selectors
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def processes():
    print(subprocess.run(["sh", "-c", "echo out; exit 5"], capture_output=True))
    print(subprocess.run("cat", input=b"in", stdout=subprocess.PIPE, start_new_session=True, close_fds=True).stdout)
    child = subprocess.Popen(["sleep", "30"], process_group=0)
    child.terminate()
    print(child.wait(), os.WEXITSTATUS(os.system("exit 3")))
    pid = os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    descriptor = os.pidfd_open(os.getpid())
    signal.pidfd_send_signal(descriptor, 0)
    for method in ["fork", "spawn", "forkserver"]:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            print(method, list(pool.map(abs, [-1, -2, -3])))


def memory():
    shared = multiprocessing.shared_memory.SharedMemory(create=True, size=100)
    shared.buf[0] = 7
    print(shared.buf[0])
    shared.close()
    shared.unlink()
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as pages:
        print(pages.write(b"x"))
    print(ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 42)(), os.write(os.memfd_create("memory"), b"abc"))


def threads():
    with ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(len, ["thread"] * 100)))
    timer = threading.Timer(0.01, print, ["timer"])
    timer.start()
    timer.join()
    print(os.sched_getaffinity(0) != set(), os.nice(0), os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, 0, 5)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500))


def sockets():
    print(sorted({entry[4][0] for entry in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}))
    print(socket.if_nameindex(), socket.gethostbyname("localhost"))
    for family in [socket.AF_INET, socket.AF_INET6]:
        with socket.create_server(("localhost", 0), family=family) as server:
            with socket.create_connection(server.getsockname()[:2]) as client:
                accepted, _ = server.accept()
                client.sendall(b"hello")
                print(family.name, accepted.recv(5))
                accepted.close()
    left, right = socket.socketpair()
    socket.send_fds(left, [b"x"], [0])
    print(len(socket.recv_fds(right, 1, 1)[1]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        datagrams.sendto(b"datagram", datagrams.getsockname())
        print(datagrams.recv(100))


def files():
    with tempfile.TemporaryDirectory() as directory, open(directory + "/file", "w+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.posix_fallocate(file.fileno(), 0, 8192)
        os.truncate(file.name, 10)
        os.chmod(file.name, 0o600)
        os.utime(file.name, (0, 0))
        os.copy_file_range(file.fileno(), file.fileno(), 5, 0, 100)
        print(os.stat(file.name).st_size, os.sendfile(os.open("/dev/null", os.O_WRONLY), file.fileno(), 0, 10))
        database = sqlite3.connect(directory + "/database")
        database.execute("create table t (x)")
        print(database.execute("select count(*) from t").fetchone())
    master, slave = pty.openpty()
    os.write(slave, b"terminal\n")
    print(os.read(master, 100))


async def loop():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "localhost", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    print(await reader.read())
    child = await asyncio.create_subprocess_exec("echo", "asyncio", stdout=subprocess.PIPE)
    print((await child.communicate())[0])
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, event.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await event.wait()
    writer.close()
    server.close()


if __name__ == "__main__":
    processes()
    memory()
    sockets()
    files()
    asyncio.run(loop())
    print(selectors.DefaultSelector().__class__.__name__)
    threads()
    print("the end")
