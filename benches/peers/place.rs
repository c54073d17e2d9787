//! The files of a measurement.

use crate::policy::ENFORCING;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// One worker, as many as the processors that it is given.
const NGINX: &str = "
worker_processes 1;
pid /tmp/bench-nginx.pid;
error_log stderr crit;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path /tmp/bench-nginx-body;
    proxy_temp_path /tmp/bench-nginx-proxy;
    fastcgi_temp_path /tmp/bench-nginx-fastcgi;
    uwsgi_temp_path /tmp/bench-nginx-uwsgi;
    scgi_temp_path /tmp/bench-nginx-scgi;
    keepalive_requests 1000000;
    server { listen 127.0.0.1:8080; root /usr/local/lib/micro-enforcer-bench; }
}
";

/// Where everything lies, older than any start.
#[derive(Debug)]
pub struct Place {
    wrapper: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// The load must be older than the start by more than a second, or it would be a new executable.
    pub fn prepare(wrapper: &Path, load: &Path) -> io::Result<Self> {
        let folder = PathBuf::from("/usr/local/lib/micro-enforcer-bench");
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755))?;
        let servers = ENFORCING.replace("/8}]", "/8}], listen: [8080, 6379]");
        fs::write(folder.join("peers.yaml"), servers)?;
        fs::write(folder.join("nginx.conf"), NGINX)?;
        fs::write(folder.join("page"), "x".repeat(1024))?;
        fs::copy(load, folder.join("load"))?;
        sleep(Duration::from_secs(3));
        Ok(Self {
            wrapper: wrapper.to_owned(),
            folder,
        })
    }

    pub fn wrapper(&self) -> &Path {
        &self.wrapper
    }

    pub fn policy(&self) -> PathBuf {
        self.folder.join("peers.yaml")
    }

    pub fn load(&self) -> String {
        self.folder.join("load").display().to_string()
    }

    pub fn nginx(&self) -> String {
        let configuration = self.folder.join("nginx.conf");
        format!(
            "/usr/sbin/nginx -e stderr -c {} -g daemon\u{a0}off;",
            configuration.display()
        )
    }
}
