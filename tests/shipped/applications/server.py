#!/usr/bin/python3
"""A server on port 8080 that has a password: one connection, then it ends."""
import os
import socket
import sys
import tempfile
import threading


def answer(client, password):
    with tempfile.TemporaryFile() as spool:
        spool.write(client.recv(100))
        spool.seek(0)
        client.sendall(b"%d bytes, %d letters" % (len(spool.read()), len(password)))
    client.close()


def main():
    print(sorted(os.environ))
    with socket.create_server(("127.0.0.1", 8080)) as server:
        print("ready", flush=True)
        client, _ = server.accept()
        thread = threading.Thread(target=answer, args=(client, os.environ["DB_PASSWORD"]))
        thread.start()
        thread.join()
    sys.stdin.readline()


main()
