//! `web-service.yaml`: nginx from an image like the official one, started as root, on port 80.

use crate::run::{
    ENVELOPE, NOTHING, application, ask, children, enforces, needs, own_loopback, quiet, runs_as,
    shipped, status, wait_until,
};
use crate::support::{Container, Finished, NET_BIND_SERVICE, Running};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;

const NGINX: u32 = 101;
const COMMAND: [&str; 4] = ["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"];
const ENTRYPOINT: &str = "#!/bin/sh\nset -e\nexec \"$@\"\n";
const SLOW: usize = 150_000;

fn image(entrypoint: &str) -> Container {
    needs("/usr/sbin/nginx");
    let accounts =
        format!("root:x:0:0::/root:/bin/sh\nnginx:x:{NGINX}:{NGINX}::/nonexistent:/bin/false\n");
    let container = shipped("web-service")
        .file("/etc/passwd", &accounts, 0o644)
        .file(
            "/etc/group",
            &format!("root:x:0:\nnginx:x:{NGINX}:\n"),
            0o644,
        )
        .file("/etc/nginx/nginx.conf", &application("nginx.conf"), 0o644)
        .file("/docker-entrypoint.sh", entrypoint, 0o755)
        .file("/srv/slow", &"x".repeat(SLOW), 0o644)
        .directory("/run", 0)
        .directory("/var/cache/nginx", 0)
        .directory("/var/log/nginx", 0);
    for (log, stream) in [("access", "stdout"), ("error", "stderr")] {
        let log = container.host(&format!("/var/log/nginx/{log}.log"));
        symlink(format!("/dev/{stream}"), log).unwrap();
    }
    container
}

fn get(path: &str) -> Option<String> {
    ask(80, &format!("GET {path} HTTP/1.0\r\n\r\n"))
}

/// A page, a body that goes through a temporary file, a look at it, a reload, another page, and a stop in the middle
/// of a download; how much of that arrived, and the rest.
fn serve(container: &Container, look: impl FnOnce(i32), signal: i32) -> (usize, Finished) {
    let running = container.start(COMMAND);
    wait_until("no page", || get("/page"));
    let upload = "POST /upload HTTP/1.0\r\ncontent-length: 4\r\n\r\nbody";
    assert!(ask(80, upload).unwrap().ends_with("first page"));
    look(running.pid());
    let (file, text) = (
        container.host("/etc/nginx/nginx.conf"),
        application("nginx.conf"),
    );
    fs::write(&file, text.replace("first page", "second page")).unwrap();
    running.signal(libc::SIGHUP);
    wait_until("no reload", || {
        get("/page").filter(|page| page.ends_with("second page"))
    });
    fs::write(&file, text).unwrap();
    (stop(&running, signal), running.finish())
}

/// Stops it in the middle of a download; how much of that arrives.
fn stop(running: &Running, signal: i32) -> usize {
    let mut download = TcpStream::connect("127.0.0.1:80").unwrap();
    download.write_all(b"GET /slow HTTP/1.0\r\n\r\n").unwrap();
    let mut page = vec![0; 1024];
    download.read_exact(&mut page).unwrap();
    running.signal(signal);
    // A connection that is cut ends in an error as well.
    drop(download.read_to_end(&mut page));
    let head = page.windows(4).position(|four| four == b"\r\n\r\n");
    page.len() - head.unwrap() - 4
}

/// The log, without what depends on time: repeated requests, and the order in which two workers write.
fn log(finished: &Finished) -> Vec<String> {
    let mut lines: Vec<String> = finished.out().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
fn nginx_serves_port_80_reloads_and_finishes_a_download_when_it_is_stopped() {
    own_loopback();
    let container = image(ENTRYPOINT);
    let (arrived, finished) = serve(&container, have_port_80_and_no_more, libc::SIGTERM);
    finished.exits(0);
    assert_eq!(arrived, SLOW, "the download was cut");
    let (_, bare) = serve(&container.bare(), |_| (), libc::SIGQUIT);
    assert_eq!(log(&finished), log(&bare));
    quiet(&finished);
    enforces(&finished, &[&ENVELOPE[..], &["network"]].concat());
    has_no_complaint(&finished);
}

/// Master and workers, below PID 1.
fn have_port_80_and_no_more(pid: i32) {
    let [master] = children(pid)[..] else {
        panic!("not one child: {:?}", children(pid))
    };
    let workers = wait_until("not two workers", || {
        Some(children(master)).filter(|workers| workers.len() == 2)
    });
    for pid in workers.into_iter().chain([master]) {
        runs_as(pid, NGINX, &format!("{NET_BIND_SERVICE:016x}"));
        assert_eq!(status(pid, "CapBnd"), NOTHING);
        assert_eq!(status(pid, "Groups"), NGINX.to_string());
    }
}

fn has_no_complaint(finished: &Finished) {
    let worse = ["[warn]", "[error]", "[crit]", "[alert]", "[emerg]"];
    let lines = finished.people();
    // nginx says that it needs no `user` where it is not root.
    let bad =
        |line: &&String| !line.contains("\"user\"") && worse.iter().any(|it| line.contains(it));
    assert_eq!(lines.iter().find(bad), None, "{lines:#?}");
}

#[test]
fn without_the_translated_signal_the_download_is_cut() {
    own_loopback();
    let container = image(ENTRYPOINT).bare();
    let running = container.start(COMMAND);
    wait_until("no page", || get("/page"));
    assert!(stop(&running, libc::SIGTERM) < SLOW);
}

#[test]
fn the_same_without_the_entrypoint_is_allowed_and_nothing_else() {
    own_loopback();
    let container = image(ENTRYPOINT);
    let running = container.start(["nginx", "-g", "daemon off;"]);
    wait_until("no page", || get("/page"));
    running.signal(libc::SIGTERM);
    quiet(running.finish().exits(0));
    for command in [
        &["nginx", "-g", "daemon off; error_log /tmp/x;"][..],
        &["nginx"],
        &["/docker-entrypoint.sh", "sh"],
        &["/bin/sh", "-c", "nginx"],
    ] {
        container
            .run(command.iter().copied())
            .refused(211, &["command"]);
    }
}

/// What somebody does who got into nginx.
const BROKEN_INTO: &str = "#!/bin/sh
echo defaced > /pages/index.html && echo defaced
unshare --net true && echo unshared
kill -KILL 1 && echo killed
echo kept > /tmp/file && echo kept > /run/file && cat /tmp/file
";

#[test]
fn whoever_breaks_in_changes_no_page_and_is_reported() {
    let container = image(BROKEN_INTO).directory("/pages", NGINX);
    let finished = container.run(COMMAND);
    finished
        .exits(0)
        .reports("syscall.denied")
        .reports("process.supervisor");
    assert_eq!(finished.out(), "kept\n", "{finished:?}");
    // Without the wrapper it is otherwise.
    assert_eq!(
        container.bare().run(COMMAND).out().lines().next(),
        Some("defaced")
    );
}

#[test]
fn without_the_capability_for_port_80_it_does_not_start() {
    own_loopback();
    let container = image(ENTRYPOINT).bounding(crate::support::DOCKER & !NET_BIND_SERVICE);
    container.run(COMMAND).refused(208, &["NET_BIND_SERVICE"]);
}
