"""A master with three workers that are replaced one by one and asked all the while."""
import os
import signal
import subprocess
import time
import urllib.request

URL = "http://10.99.0.1:8080/"
APPLICATION = """
import os
def application(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [environ["PATH_INFO"].encode()]
"""


def ask(path):
    return urllib.request.urlopen(URL + path, timeout=10).read().decode()


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answers():
    try:
        return ask("") == "/"
    except OSError:
        return False


def workers(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return set(file.read().split())


with open("/data/service.py", "w") as file:
    file.write(APPLICATION)
options = ["--workers", "3", "--bind", "10.99.0.1:8080", "--chdir", "/data", "--log-level", "critical", "--pid", "/tmp/pid"]
master = subprocess.Popen(["/usr/bin/gunicorn", *options, "service:application"])
until(answers)
print(sorted({ask(str(number % 10)) for number in range(100)}))
before = workers(master.pid)
os.kill(master.pid, signal.SIGHUP)
until(lambda: len(workers(master.pid)) == 3 and not workers(master.pid) & before)
print(ask("again"))
os.kill(int(next(iter(workers(master.pid)))), signal.SIGKILL)
print(ask("once/more"))
os.kill(master.pid, signal.SIGTERM)
print(master.wait())
print("the end")
