"""Python's processes, with everything that they share."""
import asyncio
import ctypes
import ctypes.util
import multiprocessing
import multiprocessing.managers
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import shared_memory


def square(number):
    return number * number


def work(queue, lock, total, event):
    for number in iter(queue.get, None):
        with lock:
            total.value += number
    event.wait(10)


def fill(name):
    memory = shared_memory.SharedMemory(name=name)
    memory.buf[:5] = b"hello"
    memory.close()


def pools():
    for method in ["fork", "spawn", "forkserver"]:
        context = multiprocessing.get_context(method)
        with context.Pool(3) as pool:
            print(method, sum(pool.imap_unordered(square, range(100), chunksize=7)), flush=True)
    queue, lock, event = multiprocessing.JoinableQueue(), multiprocessing.Lock(), multiprocessing.Event()
    total = multiprocessing.Value("i", 0)
    workers = [multiprocessing.Process(target=work, args=(queue, lock, total, event)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for number in [*range(50), None, None, None, None]:
        queue.put(number)
    event.set()
    for worker in workers:
        worker.join()
    print("total", total.value, [worker.exitcode for worker in workers])


def managers():
    with multiprocessing.Manager() as manager:
        shared = manager.dict()
        child = multiprocessing.Process(target=shared.update, args=({"key": "value"},))
        child.start()
        child.join()
        print(dict(shared))
    left, right = multiprocessing.Pipe()
    child = multiprocessing.Process(target=right.send, args=("through the pipe",))
    child.start()
    print(left.recv())
    child.join()
    memory = shared_memory.SharedMemory(create=True, size=64)
    child = multiprocessing.get_context("spawn").Process(target=fill, args=(memory.name,))
    child.start()
    child.join()
    print(bytes(memory.buf[:5]))
    memory.close()
    memory.unlink()


def programs():
    # A pipeline, a pseudo-terminal's worth of standard streams, a session, a time limit, what cannot run.
    first = subprocess.Popen(["seq", "100"], stdout=subprocess.PIPE)
    second = subprocess.Popen(["wc", "-l"], stdin=first.stdout, stdout=subprocess.PIPE, text=True)
    first.stdout.close()
    print(second.communicate()[0].strip(), first.wait())
    threads = [threading.Thread(target=subprocess.run, args=(["true"],)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        subprocess.run(["sleep", "30"], timeout=0.05, start_new_session=True)
    except subprocess.TimeoutExpired:
        print("out of time")
    for path in ["/missing", "/data", "/etc/passwd"]:
        try:
            subprocess.run([path])
        except OSError as error:
            print(type(error).__name__)
    print(subprocess.run(["cat"], input=b"x" * 200000, stdout=subprocess.PIPE).stdout.count(b"x"))
    print(subprocess.run("exit 9", shell=True, preexec_fn=os.getpid, pass_fds=[2]).returncode)
    child = os.fork()
    if child == 0:
        os.execve(sys.executable, ["python3", "-c", "import os; os._exit(int(os.environ['CODE']))"], {"CODE": "11"})
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sleeper = subprocess.Popen(["sleep", "30"])
    descriptor = os.pidfd_open(sleeper.pid)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    print(os.waitid(os.P_PIDFD, descriptor, os.WEXITED).si_status)


def replaced_by_a_thread():
    """A thread that is not the first one becomes another program."""
    child = os.fork()
    if child == 0:
        thread = threading.Thread(target=os.execv, args=("/bin/echo", ["echo", "from a thread"]))
        thread.start()
        thread.join()
    os.waitpid(child, 0)


async def loop():
    child = await asyncio.create_subprocess_shell("read line; echo got $line; exit 3", stdin=-1, stdout=-1)
    print((await child.communicate(b"a line\n"))[0], child.returncode)
    children = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {number}") for number in range(20)]
    print([await child.wait() for child in children])
    print(await asyncio.get_running_loop().run_in_executor(None, square, 12))


def files():
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile() as unnamed:
        unnamed.write(b"no name")
        with tempfile.NamedTemporaryFile(dir="/data", delete=False) as file:
            file.write(b"content")
        shutil.copy(file.name, directory)
        shutil.copytree(directory, directory + "/copy")
        shutil.move(directory + "/copy", "/data/copy")
        shutil.rmtree("/data/copy")
        os.replace(file.name, "/data/replaced")
        os.chmod("/data/replaced", 0o640)
        os.utime("/data/replaced", ns=(1, 1))
        os.setxattr("/data/replaced", "user.note", b"x")
        os.mkfifo(directory + "/fifo")
        os.truncate("/data/replaced", 3)
        print(open("/data/replaced").read(), len(os.listdir(directory)))
    os.unlink("/data/replaced")


def native():
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    print(libc.getpid() == os.getpid(), libc.close(-1), os.strerror(ctypes.get_errno()))
    print(sorted([3, 1, 2], key=ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x)))


if __name__ == "__main__":
    pools()
    managers()
    sys.stdout.flush()
    programs()
    replaced_by_a_thread()
    asyncio.run(loop())
    files()
    native()
    print("the end")
