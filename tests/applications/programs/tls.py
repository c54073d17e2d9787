"""A server with a certificate, and curl and wget's kind of clients that look at it."""
import http.server
import ssl
import subprocess
import threading


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"over TLS " + self.path.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


def curl(*arguments):
    options = ["--silent", "--show-error", "--cacert", "/etc/certificate.pem", "--max-time", "10"]
    done = subprocess.run(["curl", *options, *arguments], capture_output=True, text=True)
    print(done.returncode, done.stdout)


server = http.server.ThreadingHTTPServer(("10.99.0.1", 8443), Page)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/etc/certificate.pem", "/etc/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()

curl("https://service.test:8443/one", "https://service.test:8443/two")
many = [("--output", "/dev/null", f"https://service.test:8443/{number}") for number in range(20)]
curl("--parallel", "--write-out", "%{http_code}", *[word for words in many for word in words])
curl("--tlsv1.2", "--tls-max", "1.2", "--ipv4", "https://service.test:8443/older")
curl("--data-binary", "@/usr/bin/true", "https://service.test:8443/upload")
curl("--output", "/tmp/page", "--write-out", "%{http_code} %{ssl_verify_result}", "https://service.test:8443/file")
curl("https://10.99.0.1:8443/another-name")
curl("https://service.test:8444/nobody")
curl("--connect-timeout", "5", "https://unknown.test:8443/")
print("the end", flush=True)
