//! One kind of system call, over and over: `load CALL COUNT [PORT]` prints the nanoseconds that each took.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    clippy::panic,
    clippy::multiple_unsafe_ops_per_block,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a load on the kernel, not a model"
)]

use std::ffi::{CStr, CString};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::Instant;
use std::{env, ptr, thread};

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    if words[0] == "nothing" {
        return;
    }
    let count: u32 = words[1].parse().unwrap();
    let port = words.get(2).map_or(0, |port| port.parse().unwrap());
    let mut once = call(&words[0], port);
    let at_once = if words[0] == "exec-shell" { LOOP } else { 1 };
    once();
    let began = Instant::now();
    (0..count / at_once).for_each(|_| once());
    println!(
        "{:.0}",
        began.elapsed().as_secs_f64() * 1e9 / f64::from(count)
    );
}

/// As many programs are started by one shell.
const LOOP: u32 = 100;

fn call(name: &str, port: u16) -> Box<dyn FnMut()> {
    match name {
        "getppid" => Box::new(|| assert!(unsafe { libc::getppid() } > 0)),
        "read" => Box::new(|| open(c"/etc/passwd", libc::O_RDONLY)),
        "write" => {
            let path = CString::new(format!("/tmp/load-{}", std::process::id())).unwrap();
            Box::new(move || open(&path, libc::O_WRONLY | libc::O_CREAT))
        }
        "exec" => {
            let own = env::current_exe().unwrap();
            execute(
                CString::new(own.as_os_str().as_bytes()).unwrap(),
                c"nothing".to_owned(),
            )
        }
        "exec-dynamic" => execute(c"/bin/true".to_owned(), c"".to_owned()),
        "exec-shell" => shell(),
        "fork" => Box::new(|| wait(unsafe { fork() })),
        "dup" => Box::new(|| assert!(unsafe { libc::dup2(1, 0) } == 0)),
        "connect" => {
            let to = SocketAddr::from(([127, 0, 0, 1], port));
            Box::new(move || drop(TcpStream::connect(to).unwrap()))
        }
        "connect-accept" => {
            let to = accept_and_close();
            Box::new(move || reset(TcpStream::connect(to).unwrap()))
        }
        "sendto" => {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let to = socket.local_addr().unwrap();
            let mut answer = [0];
            Box::new(move || {
                socket.send_to(&[1], to).unwrap();
                socket.recv(&mut answer).unwrap();
            })
        }
        other => panic!("no such call: {other}"),
    }
}

fn open(path: &CStr, flags: i32) {
    unsafe {
        let file = libc::open(path.as_ptr(), flags, 0o600);
        assert!(file >= 0, "{}", std::io::Error::last_os_error());
        libc::close(file);
    }
}

unsafe fn fork() -> i32 {
    match unsafe { libc::fork() } {
        0 => unsafe { libc::_exit(0) },
        child => child,
    }
}

/// A loop of `/bin/true` in dash, which forks for each.
fn shell() -> Box<dyn FnMut()> {
    let script = format!("i=0; while [ $i -lt {LOOP} ]; do /bin/true; i=$((i+1)); done");
    Box::new(move || {
        let ended = Command::new("/bin/dash").args(["-c", &script]).status();
        assert!(ended.unwrap().success());
    })
}

/// A server in this process: what it does for a connection is a part of what that costs.
fn accept_and_close() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // A full queue makes the kernel wait a second.
    assert!(unsafe { libc::listen(listener.as_raw_fd(), 4096) } == 0);
    let to = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    to
}

/// Closes it so that nothing of it stays: thousands that wait for their end would fill the tables of the kernel.
fn reset(stream: TcpStream) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let size = libc::socklen_t::try_from(size_of_val(&linger)).unwrap();
    let (level, option) = (libc::SOL_SOCKET, libc::SO_LINGER);
    let pointer = ptr::from_ref(&linger).cast();
    let set = unsafe { libc::setsockopt(stream.as_raw_fd(), level, option, pointer, size) };
    assert_eq!(set, 0);
    drop(stream);
}

/// As a shell does, but without copying page tables.
fn execute(program: CString, argument: CString) -> Box<dyn FnMut()> {
    Box::new(move || {
        let arguments = [
            program.as_ptr().cast_mut(),
            argument.as_ptr().cast_mut(),
            ptr::null_mut(),
        ];
        // Programs have one.
        let environment = [c"PATH=/usr/bin:/bin".as_ptr().cast_mut(), ptr::null_mut()];
        let mut child = 0;
        let result = unsafe {
            let (none, nothing) = (ptr::null(), ptr::null());
            libc::posix_spawn(
                &raw mut child,
                program.as_ptr(),
                none,
                nothing,
                arguments.as_ptr(),
                environment.as_ptr(),
            )
        };
        assert!(result == 0, "{}", std::io::Error::from_raw_os_error(result));
        wait(child);
    })
}

fn wait(child: i32) {
    let mut status = 0;
    assert!(unsafe { libc::waitpid(child, &raw mut status, 0) } == child && status == 0);
}
