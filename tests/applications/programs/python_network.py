"""Python's sockets: by name and by address, blocking and not, refused, tried again, in threads, over UDP."""
import asyncio
import concurrent.futures
import errno
import http.server
import os
import selectors
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import urllib.request
import xmlrpc.client
import xmlrpc.server

HOST = "10.99.0.1"


class Names(socketserver.BaseRequestHandler):
    """Answers every question for an A record with two addresses."""

    def handle(self):
        packet, channel = self.request
        question = packet[12:packet.index(b"\0", 12) + 5]
        is_a = question[-4:-2] == b"\0\1"
        head = packet[:2] + b"\x81\x80" + struct.pack("!4H", 1, 2 * is_a, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 60, 4)
        records = [record + socket.inet_aton(address) for address in [HOST, "10.99.0.2"] * is_a]
        channel.sendto(head + question + b"".join(records), self.client_address)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_):
        pass


def names():
    server = socketserver.UDPServer(("127.0.0.53", 53), Names)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ["localhost", "service.test", "twice.test", "asked.test"]:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
        print(name, sorted({entry[4][0] for entry in found}))
    print(socket.gethostbyname_ex("asked.test")[0], socket.gethostbyaddr(HOST)[0], socket.getnameinfo((HOST, 80), 0)[0])
    print(socket.if_nameindex()[0][1])


def pages():
    server = http.server.ThreadingHTTPServer(("", 8080), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in [HOST, "service.test", "asked.test", "[::ffff:10.99.0.1]"]:
        print(urllib.request.urlopen(f"http://{name}:8080/{len(name)}", timeout=10).read())
    fetch = lambda number: urllib.request.urlopen(f"http://service.test:8080/{number}", timeout=10).read()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        print(len(set(pool.map(fetch, range(200)))))
    server.shutdown()
    server.server_close()
    # The port is free at once.
    remote = xmlrpc.server.SimpleXMLRPCServer((HOST, 8080), logRequests=False)
    remote.register_function(pow)
    threading.Thread(target=remote.serve_forever, daemon=True).start()
    print(xmlrpc.client.ServerProxy(f"http://{HOST}:8080").pow(2, 10))
    remote.shutdown()
    remote.server_close()


def forked():
    class Echo(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline())

    class Server(socketserver.ForkingTCPServer):
        allow_reuse_address = True

    with Server((HOST, 8081), Echo) as server:
        threading.Thread(target=server.serve_forever).start()
        for number in range(20):
            with socket.create_connection((HOST, 8081), timeout=10) as client:
                client.sendall(b"%d\n" % number)
                assert client.makefile().readline() == f"{number}\n"
        server.shutdown()
    print("forked")


def inherited():
    """A child is given what its parent listens on: by number as a manager of services does it, and as FastCGI has it."""
    answer = "import socket, sys; server = socket.socket(fileno=int(sys.argv[1])); server.accept()[0].sendall(b'child')"
    for fastcgi in [False, True]:
        with socket.create_server((HOST, 8086)) as server:
            number = 0 if fastcgi else server.fileno()
            command = [sys.executable, "-c", answer, str(number)]
            child = subprocess.Popen(command, stdin=server if fastcgi else None, pass_fds=[] if fastcgi else [number])
            with socket.create_connection((HOST, 8086), timeout=10) as client:
                print(client.recv(100), child.wait())


def by_hand():
    with socket.socket() as client:
        # Refused, tried again on the same socket, answered, tried once too often.
        print(errno.errorcode[client.connect_ex((HOST, 8082))])
        with socket.create_server((HOST, 8082)) as server:
            print(client.connect_ex((HOST, 8082)), errno.errorcode[client.connect_ex((HOST, 8082))])
            print(client.getpeername() == server.getsockname())
    with socket.socket() as client, selectors.DefaultSelector() as ready:
        client.setblocking(False)
        first = client.connect_ex((HOST, 8082))
        ready.register(client, selectors.EVENT_WRITE)
        ready.select(10)
        print(errno.errorcode[first], errno.errorcode[client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)])
    with socket.create_server(("", 8083), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        client = socket.create_connection((HOST, 8083), timeout=10)
        accepted, address = server.accept()
        print(address[0])
        accepted.shutdown(socket.SHUT_WR)
        print(client.recv(1))
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("/tmp/socket")
        server.listen()
        client.connect("/tmp/socket")
        print("unix", client.getpeername())


def datagrams():
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind((HOST, 8084))
        client.sendto(b"to", (HOST, 8084))
        client.sendmsg([b"mes", b"sage"], [], 0, (HOST, 8084))
        client.connect((HOST, 8084))
        client.send(b"connected")
        client.connect((HOST, 9))
        client.connect((HOST, 8084))
        client.send(b"again")
        print([server.recv(100) for _ in range(4)])


async def loop():
    async def echo(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def ask(number):
        reader, writer = await asyncio.open_connection("service.test", 8085)
        writer.write(b"%d\n" % number)
        answer = await reader.read()
        writer.close()
        return int(answer)

    server = await asyncio.start_server(echo, HOST, 8085)
    print(sum(await asyncio.gather(*map(ask, range(100)))))
    server.close()
    try:
        await asyncio.open_connection(HOST, 8086)
    except ConnectionRefusedError as error:
        print(error.errno == errno.ECONNREFUSED)


if __name__ == "__main__":
    names()
    pages()
    forked()
    inherited()
    by_hand()
    datagrams()
    asyncio.run(loop())
    print("the end", flush=True)
    os._exit(0)
