//! Opens that wait: as long as they would bare, for a signal as bare, and holding up nobody.

use crate::support::Container;
use crate::{WRITABLE, bare_of, everywhere};

/// Raw calls, as the interpreter's own would try again by themselves.
const PIPES: &str = "
import ctypes, errno, os, signal, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def opens(flags):
    began = time.monotonic()
    file = libc.open(b'/tmp/pipe', flags)
    result = 'opened' if file >= 0 else errno.errorcode[ctypes.get_errno()]
    if file >= 0: os.close(file)
    return result, 'at once' if time.monotonic() - began < 0.05 else 'later'
def meet(flags, ends):
    if flags is None: return
    patience = time.monotonic() + 5
    while not ends and time.monotonic() < patience:
        # Nobody may be there to be written to, yet.
        try: ends.append(os.open('/tmp/pipe', flags | os.O_NONBLOCK))
        except OSError: time.sleep(0.01)
    # Who opens for reading through the supervisor is let in by the first bytes.
    if flags == os.O_WRONLY: os.write(ends[0], b'x')
os.mkfifo('/tmp/pipe')
signal.signal(signal.SIGALRM, lambda *_: None)
for restarts in (False, True):
    signal.siginterrupt(signal.SIGALRM, not restarts)
    for flags, other in ((os.O_WRONLY, os.O_RDONLY), (os.O_RDONLY, os.O_WRONLY)):
        # Again for who had not come to wait by the first; once only where the peer must find it waiting.
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0 if restarts else 0.1)
        ends = []
        # A little longer than the signal, so that only who calls again meets it.
        peer = threading.Timer(0.4, meet, (other, ends) if restarts else (None, ends))
        peer.start()
        print('restarts' if restarts else 'interrupted', opens(flags), flush=True)
        signal.setitimer(signal.ITIMER_REAL, 0)
        peer.join()
        [os.close(end) for end in ends]
waiting = [threading.Thread(target=opens, args=(os.O_WRONLY,), daemon=True) for _ in range(20)]
[thread.start() for thread in waiting]
time.sleep(0.1)
began = time.monotonic()
for number in range(20): open('/tmp/%d' % number, 'w').close()
print('others', time.monotonic() - began < 1, flush=True)
end = os.open('/tmp/pipe', os.O_RDONLY)
[thread.join(5) for thread in waiting]
print('let in', not any(thread.is_alive() for thread in waiting), flush=True)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.setitimer(signal.ITIMER_REAL, 0.1)
os.close(end)
opens(os.O_WRONLY)
";

const EXPECTED: &str = "interrupted ('EINTR', 'later')
interrupted ('EINTR', 'later')
restarts ('opened', 'later')
restarts ('opened', 'later')
others True
let in True
";

fn ends(container: &Container) -> crate::support::Finished {
    container.run(["/usr/bin/python3", "-c", PIPES])
}

#[test]
fn a_signal_interrupts_who_waits_for_the_other_end_of_a_pipe_as_without_us() {
    let bare = bare_of(&["/usr/bin/python3", "-c", PIPES]);
    assert_eq!(bare.out(), EXPECTED, "{bare:?}");
    for files in [WRITABLE, HIDING] {
        everywhere(files, |container, kernel, start| {
            let finished = ends(&container);
            assert_eq!(
                finished.out(),
                EXPECTED,
                "{kernel:?} {start:?} {finished:?}"
            );
            finished.exits(128 + libc::SIGALRM);
        });
    }
}

/// So that opens for reading are made by the supervisor as well, where there is no Landlock.
const HIDING: &str = "{writable: [/home/app, /tmp, /dev/shm], hidden: [/etc/shadow]}";

/// Who reads sees the end of it with the writer's close, not when the supervisor comes to it.
const ENDS: &str = "
import os
os.mkfifo('/tmp/pipe')
reader = os.open('/tmp/pipe', os.O_RDONLY | os.O_NONBLOCK)
ended = 0
for _ in range(300):
    os.close(os.open('/tmp/pipe', os.O_WRONLY))
    try: ended += os.read(reader, 1) == b''
    except BlockingIOError: pass
print(ended)
";

#[test]
fn a_pipe_ends_with_the_close_of_its_last_writer() {
    everywhere(HIDING, |container, kernel, start| {
        let finished = container.run(["/usr/bin/python3", "-c", ENDS]);
        assert_eq!(finished.out(), "300\n", "{kernel:?} {start:?} {finished:?}");
        finished.exits(0);
    });
}
