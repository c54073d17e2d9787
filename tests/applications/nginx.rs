//! nginx with its master and workers as the shipped policy has them, with every section enforcing.

use crate::support::{APP, Container, Finished, NET_BIND_SERVICE};
use crate::workload::{HOST, Workload, needs, quiet, text, until};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;

const COMMAND: [&str; 4] = ["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"];
const ACCOUNTS: &str = "root:x:0:0::/root:/bin/sh\nnginx:x:10001:10001::/nonexistent:/bin/false\n";

fn workload() -> Workload {
    needs("/usr/sbin/nginx");
    Workload::new(&COMMAND)
        .keeping("NET_BIND_SERVICE", NET_BIND_SERVICE)
        .section("files", "{writable: [/var/cache/nginx, /run, /tmp]}")
        .section(
            "network",
            "{connect: [{to: service.test}, {to: 10.99.0.1}], listen: [80, 8080]}",
        )
        .image(image)
}

fn image(image: Container) -> Container {
    let image = image
        .file("/etc/passwd", ACCOUNTS, 0o644)
        .file("/etc/group", "root:x:0:\nnginx:x:10001:\n", 0o644)
        .file("/etc/nginx/nginx.conf", &text("nginx.conf"), 0o644)
        .file(
            "/docker-entrypoint.sh",
            "#!/bin/sh\nset -e\nexec \"$@\"\n",
            0o755,
        )
        .directory("/run", APP)
        .directory("/var/cache/nginx", APP)
        .directory("/var/log/nginx", 0);
    for (log, stream) in [("access", "stdout"), ("error", "stderr")] {
        let log = image.host(&format!("/var/log/nginx/{log}.log"));
        symlink(format!("/dev/{stream}"), log).unwrap();
    }
    image
}

fn get(path: &str) -> Option<String> {
    ask(&format!("GET {path} HTTP/1.0\r\n\r\n"))
}

/// The last line of the answer.
fn ask(request: &str) -> Option<String> {
    let mut stream = TcpStream::connect((HOST, 80)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.lines().last().map(str::to_owned)
}

/// Pages through the proxy, an upload through a file, one that comes from the cache, one that nobody has, a reload, a
/// log that is opened anew, and more pages all the while.
fn serve(container: &Container) -> (Vec<Option<String>>, Finished) {
    let running = container.start(COMMAND);
    until("no page", || get("/ready"));
    let mut answers = Vec::new();
    for number in 0..100 {
        answers.push(get(&format!("/page/{}", number % 7)));
    }
    let upload = format!(
        "POST /upload HTTP/1.0\r\ncontent-length: 100000\r\n\r\n{}",
        "x".repeat(100_000)
    );
    answers.extend([ask(&upload), get("/cached"), get("/cached"), get("/nobody")]);
    running.signal(libc::SIGHUP);
    for number in 0..50 {
        answers.push(get(&format!("/reload/{}", number % 7)));
    }
    running.signal(libc::SIGUSR1);
    answers.push(get("/reopened"));
    running.signal(libc::SIGQUIT);
    (answers, running.finish())
}

#[test]
fn nginx() {
    let (bare, enforced) = workload().compared(|container, _| serve(&container));
    let (expected, _) = bare;
    let page = Some("page /page/1".to_owned());
    assert_eq!(expected[99], page, "{expected:?}");
    for (start, (answers, finished)) in enforced {
        assert_eq!(answers, expected, "started by {start:?}: {finished:?}");
        finished.exits(0);
        quiet(start, &finished);
    }
}
