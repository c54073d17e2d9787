//! Other people's programs.

use crate::same::{everywhere, policy};
use crate::support::{Container, Network, Policy};

const HOSTS: &str = "127.0.0.1 localhost\n10.99.0.1 server.test\nfd99::1 server6.test\n";

fn runs(command: &[&str], lines: &[&str]) {
    let _neighbours = Network::new();
    let prepare = |container: Container| {
        let lookup = "hosts: files dns\n";
        container
            .file("/etc/hosts", HOSTS, 0o644)
            .file("/etc/nsswitch.conf", lookup, 0o644)
    };
    for policy in [policy("allow"), Policy::new().section("network", "{}")] {
        everywhere(&policy, prepare, command, lines);
    }
}

#[test]
fn curl_fetches_and_gives_up() {
    let url = "http://server.test:8000/";
    runs(&["/usr/bin/curl", "-sS", url], &["10.99.0.1"]);
    runs(
        &["/usr/bin/curl", "-sS", "http://[fd99::1]:8000/"],
        &["fd99::1"],
    );
    let script = "curl -s --connect-timeout 1 http://10.99.0.200/; echo $?; curl -s http://10.99.0.1:1/; echo $?";
    runs(&["/bin/sh", "-c", script], &["28", "7"]);
}

const PYTHON: &str = r#"
import asyncio, socket, urllib.request
print(sorted(a[4][0] for a in socket.getaddrinfo("server.test", 7000, type=socket.SOCK_STREAM)))
async def greeting(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line.decode().strip()
async def main():
    print(await asyncio.gather(*(greeting("server.test", 7000) for _ in range(20))))
    print(await greeting("server6.test", 7000))
    for at in ("10.99.0.1", 1), ("10.98.0.1", 1), ("198.51.100.1", 1):
        try: await greeting(*at)
        except OSError as error: print(at, error.errno)
    try: await asyncio.wait_for(greeting("10.99.0.200", 7000), 0.3)
    except asyncio.TimeoutError: print("too late")
    server = await asyncio.start_server(lambda r, w: w.write(b"own\n"), "10.99.0.1", 0)
    print(await greeting(*server.sockets[0].getsockname()))
    server.close()
asyncio.run(main())
print(urllib.request.urlopen("http://server.test:8000/", timeout=5).read().decode())
try: socket.create_connection(("10.99.0.200", 7000), timeout=0.3)
except TimeoutError as error: print(error)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(3)
u.sendto(b"hello", ("10.99.0.1", 7000))
print(u.recv(99))
"#;

#[test]
fn python_looks_up_names_and_has_many_connections_at_once() {
    runs(
        &["/usr/bin/python3", "-c", PYTHON],
        &["too late", "own", "10.99.0.1"],
    );
}

const NODE: &str = r#"
const http = require("http"), net = require("net"), dns = require("dns");
const done = name => value => console.log(name, value);
const get = url => new Promise(resolve => http.get(url, answer => {
    let text = ""; answer.on("data", more => text += more).on("end", () => resolve(text));
}).on("error", error => resolve(error.code)));
const connect = (host, port) => new Promise(resolve => {
    const socket = net.connect({host, port, timeout: 300});
    socket.on("data", text => { resolve(String(text).trim()); socket.destroy(); });
    socket.on("error", error => resolve(error.code));
    socket.on("timeout", () => { resolve("too late"); socket.destroy(); });
});
(async () => {
    console.log((await dns.promises.lookup("server.test")).address);
    console.log(await get("http://server.test:8000/"));
    console.log(await get("http://10.99.0.1:1/"));
    console.log(await connect("10.98.0.1", 1), await connect("198.51.100.1", 1), await connect("10.99.0.200", 1));
    console.log((await Promise.all(Array.from({length: 20}, () => connect("10.99.0.1", 7000)))).join());
    const server = http.createServer((_, answer) => answer.end("own")).listen(0, "10.99.0.1", async () => {
        console.log(await get(`http://10.99.0.1:${server.address().port}/`));
        server.close();
    });
})();
"#;

#[test]
fn node_fetches_serves_and_gives_up() {
    runs(
        &["/usr/bin/node", "-e", NODE],
        &["own", "ECONNREFUSED", "10.99.0.1"],
    );
}
