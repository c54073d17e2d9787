//! The channel that needs another user's pipe to be chosen, tried here directly.

use super::*;
use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::read;

/// A pipe whose write end blocks, with room for one line of a page, and our way into it.
fn spliced() -> (OwnedFd, OwnedFd, Channel) {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).unwrap();
    let size = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4_096)).unwrap();
    assert_eq!(size, 4_096);
    let splice = Splice::new(writer.try_clone().unwrap()).unwrap();
    (reader, writer, Channel::Spliced(splice))
}

#[test]
fn a_line_is_moved_whole_into_a_pipe_that_blocks() {
    let (reader, writer, mut channel) = spliced();
    let flags = fcntl(&writer, FcntlArg::F_GETFL).unwrap();
    let (first, second) = ([b'a'; 4_096], [b'b'; 300]);
    assert_eq!(channel.write(&first), Ok(4_096));
    // Full: nobody waits, and asking again does not put the line there twice.
    assert_eq!(channel.write(&second), Err(Errno::EAGAIN));
    assert_eq!(channel.write(&second), Err(Errno::EAGAIN));

    let mut buffer = [0; 8_192];
    assert_eq!(read(&reader, &mut buffer), Ok(4_096));
    assert_eq!(channel.write(&second), Ok(300));
    assert_eq!(read(&reader, &mut buffer), Ok(300));
    assert_eq!(buffer[..300], second);
    assert_eq!(fcntl(&writer, FcntlArg::F_GETFL), Ok(flags));
}

#[test]
fn a_pipe_that_nobody_reads_is_known_as_such() {
    let (reader, _writer, mut channel) = spliced();
    drop(reader);
    assert_eq!(channel.write(b"line"), Err(Errno::EPIPE));
}

#[test]
fn what_the_descriptor_is_decides_the_way() {
    let (_reader, pipe) = pipe2(OFlag::O_CLOEXEC).unwrap();
    assert!(matches!(Channel::to(pipe.as_fd()), Channel::Own(_)));
    let file = tempfile::tempfile().unwrap();
    assert!(matches!(Channel::to(file.as_fd()), Channel::Shared(_)));
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    assert!(matches!(Channel::to(socket.as_fd()), Channel::Socket(_)));
    let null = std::fs::File::open("/dev/null").unwrap();
    assert!(matches!(Channel::to(null.as_fd()), Channel::Own(_)));
}
