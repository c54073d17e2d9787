//! Stores and servers with many processes, asked by their own clients.

use crate::support::Container;
use crate::workload::{Workload, needs, text};
use rcgen::{CertifiedKey, generate_simple_self_signed};

#[test]
fn redis() {
    needs("/usr/bin/redis-server");
    Workload::program(&["/usr/bin/dash"], "redis.sh").is_undisturbed();
}

#[test]
fn memcached() {
    needs("/usr/bin/memcached");
    Workload::program(&["/usr/bin/python3"], "memcached.py").is_undisturbed();
}

#[test]
fn gunicorn() {
    needs("/usr/bin/gunicorn");
    Workload::program(&["/usr/bin/python3"], "gunicorn.py").is_undisturbed();
}

#[test]
fn postgres() {
    needs("/usr/lib/postgresql");
    Workload::program(&["/usr/bin/dash"], "postgres.sh").is_undisturbed();
}

#[test]
fn curl_over_tls() {
    needs("/usr/bin/curl");
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["service.test".to_owned()]).unwrap();
    Workload::program(&["/usr/bin/python3"], "tls.py")
        .image(move |image| {
            image.file("/etc/certificate.pem", &cert.pem(), 0o644).file(
                "/etc/key.pem",
                &signing_key.serialize_pem(),
                0o644,
            )
        })
        .is_undisturbed();
}

/// An image with an entry point that runs what it finds and then becomes the server.
fn with_entry_point(image: Container) -> Container {
    let first = "#!/bin/sh\necho \"prepared by $(id -un)\" > /data/prepared\n";
    let server = "#!/usr/bin/env python3\nprint(open('/data/prepared').read(), open('/tmp/server.conf').read())\nprint('the end')\n";
    image
        .file("/docker-entrypoint.sh", &text("entrypoint.sh"), 0o755)
        .file("/docker-entrypoint.d/10-prepare.sh", first, 0o755)
        .file("/docker-entrypoint.d/README.sh", "not run", 0o644)
        .file("/etc/server.conf.in", "host @HOST@\n", 0o644)
        .file("/app/server", server, 0o755)
}

#[test]
fn an_entry_point_that_becomes_the_server() {
    for arguments in [&["/app/server"][..], &["--verbose"]] {
        let command: Vec<&str> = ["/docker-entrypoint.sh"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        Workload::new(&command)
            .image(with_entry_point)
            .is_undisturbed();
    }
}
