//! The servers of the tests' network, all in one thread.

use super::addresses::{
    ALLOWED, ALLOWED_V6, DENIED, DENIED_V6, ECHO, HTTP, METADATA, OTHER_PORT, TASK, WEB,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;

/// One socket an address: the answer has to come from where the question went.
const DATAGRAMS: [IpAddr; 6] = [ALLOWED, DENIED, ALLOWED_V6, DENIED_V6, METADATA, TASK];

/// They end with this value.
#[derive(Debug)]
pub struct Servers {
    stop: Option<PipeWriter>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Servers {
    /// In the network of the calling thread.
    pub fn start() -> Self {
        let (stopped, stop) = io::pipe().unwrap();
        let mut serving = Serving::new(stopped);
        let thread = thread::Builder::new().spawn(move || while serving.turn() {});
        Self {
            stop: Some(stop),
            thread: Some(thread.unwrap()),
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

struct Serving {
    stopped: PipeReader,
    listeners: Vec<TcpListener>,
    datagrams: Vec<UdpSocket>,
    connections: Vec<Connection>,
}

impl Serving {
    fn new(stopped: PipeReader) -> Self {
        let every = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let listen = |port| {
            let listener = TcpListener::bind(SocketAddr::new(every, port)).unwrap();
            // The standard library's backlog is for patient clients.
            nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::MAXALLOWABLE).unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        };
        let receive = |address| {
            let socket = UdpSocket::bind(SocketAddr::new(address, ECHO)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        Self {
            stopped,
            listeners: [ECHO, OTHER_PORT, HTTP, WEB].map(listen).into(),
            datagrams: DATAGRAMS.map(receive).into(),
            connections: Vec::new(),
        }
    }

    /// Serves what is there; false at the end.
    fn turn(&mut self) -> bool {
        let others = self.listeners.iter().map(AsFd::as_fd);
        let others = others.chain(self.datagrams.iter().map(AsFd::as_fd));
        let others = others.chain(self.connections.iter().map(|one| one.stream.as_fd()));
        if wait_for(self.stopped.as_fd(), others.map(readiness).collect()) {
            return false;
        }
        for listener in &self.listeners {
            while let Ok((stream, _)) = listener.accept() {
                self.connections.extend(Connection::open(stream));
            }
        }
        self.datagrams.iter().for_each(answer);
        self.connections.retain_mut(|one| one.serve().is_ok());
        true
    }
}

fn readiness(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Whether it is over.
fn wait_for<'a>(stopped: BorrowedFd<'a>, mut others: Vec<PollFd<'a>>) -> bool {
    others.push(readiness(stopped));
    poll(&mut others, PollTimeout::NONE).unwrap();
    others.last().is_some_and(|fd| fd.any() == Some(true))
}

/// The address first, then what was said.
fn answer(socket: &UdpSocket) {
    let mut buffer = [0; 2048];
    let here = socket.local_addr().unwrap().ip();
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let said = [format!("{here}\n").as_bytes(), &buffer[..length]].concat();
        // Whoever asked may be gone.
        drop(socket.send_to(&said, from));
    }
}

struct Connection {
    stream: TcpStream,
    web: bool,
    said: Vec<u8>,
}

impl Connection {
    /// Says by which address it was reached, unless HTTP has to be spoken.
    fn open(mut stream: TcpStream) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        let here = stream.local_addr().ok()?;
        let web = here.port() == WEB;
        if !web {
            // In one piece: whoever reads takes what there is.
            let line = format!("{}\n", here.ip().to_canonical());
            stream.write_all(line.as_bytes()).ok()?;
        }
        Some(Self {
            stream,
            web,
            said: Vec::new(),
        })
    }

    /// An error at the end.
    fn serve(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let length = match self.stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        if !self.web {
            return self.stream.write_all(&buffer[..length]);
        }
        self.said.extend_from_slice(&buffer[..length]);
        if self.said.windows(4).any(|four| four == b"\r\n\r\n") {
            let here = self.stream.local_addr()?.ip().to_canonical().to_string();
            let length = here.len();
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/plain";
            write!(
                self.stream,
                "{head}\r\ncontent-length: {length}\r\n\r\n{here}"
            )?;
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
