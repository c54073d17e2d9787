"""memcached, over TCP, UDP and a socket of its own, asked by threads at once."""
import concurrent.futures
import socket
import subprocess
import time

HOST = ("10.99.0.1", 11211)


def connected(address):
    deadline = time.monotonic() + 10
    while True:
        client = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            client.connect(address)
            return client
        except OSError:
            client.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def ask(client, text, end=b"END\r\n"):
    client.sendall(text.encode())
    answer = b""
    while not answer.endswith(end):
        answer += client.recv(4096)
    return answer.decode().split("\r\n")[:-1]


def store(number):
    with connected(HOST) as client:
        return ask(client, f"set key{number} 0 0 5\r\n{number:05}\r\n", b"STORED\r\n")[0]


server = subprocess.Popen(["memcached", "-l", HOST[0], "-p", "11211", "-U", "11211", "-t", "2"])
local = subprocess.Popen(["memcached", "-s", "/tmp/memcached"])
connected(HOST).close()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(set(pool.map(store, range(100))))
with connected(HOST) as client:
    print(ask(client, "get key7 key42\r\n"))
with socket.socket(type=socket.SOCK_DGRAM) as client:
    client.connect(HOST)
    client.send(b"\0\1\0\0\0\1\0\0get key9\r\n")
    print(client.recv(4096)[8:])
with connected("/tmp/memcached") as client:
    print(ask(client, "get nothing\r\n"))
for process in [server, local]:
    process.terminate()
    print(process.wait())
print("the end")
