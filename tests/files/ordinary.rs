//! What programs do every day, in directories that they may write to.

use super::{WRITABLE, bare, everywhere, shell};

/// Ends well, as it does without us, and nobody has anything to say about it.
fn is_unremarkable(script: &str) {
    let script = &format!("cd /home/app; {script}");
    bare(script).exits(0);
    everywhere(WRITABLE, |container, kernel, start| {
        let finished = shell(&container, script);
        assert!(
            finished.code() == 0,
            "{kernel:?} {start:?} {script}: {finished:?}"
        );
        assert!(
            finished.findings().is_empty(),
            "{kernel:?} {start:?} {script}: {finished:?}"
        );
        assert_eq!(finished.controls()["files"], "enforced");
    });
}

#[test]
fn redirections_append_truncate_and_discard() {
    is_unremarkable(
        "echo a >f; echo b >>f; test \"$(cat f)\" = \"$(printf 'a\\nb')\"; : >f; test ! -s f; \
         echo x >/dev/null; echo out >/dev/stdout; echo y >/dev/fd/1; echo z >/proc/self/fd/1; \
         set -C; ! (echo c >f) 2>/dev/null; cat <<END\nhere\nEND\n",
    );
}

#[test]
fn copies_keep_modes_times_links_and_holes() {
    is_unremarkable(
        "mkdir a; echo x >a/f; chmod 640 a/f; ln -s f a/l; ln a/f a/h; touch -d 2001-02-03 a/f; mkfifo a/p; \
         cp -a a b; test \"$(stat -c '%a %Y' a/f)\" = \"$(stat -c '%a %Y' b/f)\"; test -L b/l; test -p b/p; \
         test \"$(stat -c %h b/f)\" = 2; tar cf a.tar a; mkdir c; tar xpf a.tar -C c; \
         test \"$(stat -c '%a %Y' a/f)\" = \"$(stat -c '%a %Y' c/a/f)\"; mv b d; mv d/f e; rm -r a c d; rmdir /home/app/nothing 2>/dev/null || true",
    );
}

#[test]
fn editing_in_place_and_temporary_files() {
    is_unremarkable(
        "echo old >f; sed -i s/old/new/ f; grep -q new f; t=$(mktemp); echo x >$t; d=$(mktemp -d); mv $t $d; rm -r $d; \
         touch n; touch -r f n; truncate -s 100 n; test \"$(stat -c %s n)\" = 100; install -m 600 f g; test \"$(stat -c %a g)\" = 600; \
         umask 077; echo x >u; mkdir v; test \"$(stat -c %a u)$(stat -c %a v)\" = 600700; dd if=/dev/zero of=z bs=1k count=4 2>/dev/null",
    );
}

#[test]
fn python_s_ways_to_write() {
    is_unremarkable(
        "python3 -I -c '
import os, tempfile, shutil, sqlite3, mmap, fcntl
with tempfile.TemporaryFile() as f: f.write(b\"x\")
with tempfile.NamedTemporaryFile() as f: os.fchmod(f.fileno(), 0o640); os.utime(f.fileno())
with tempfile.TemporaryDirectory() as d: open(os.path.join(d, \"a\"), \"w\").close()
db = sqlite3.connect(\"db\"); db.execute(\"create table t (a)\"); db.execute(\"insert into t values (1)\"); db.commit(); db.close()
fd = os.open(\".\", os.O_TMPFILE | os.O_RDWR, 0o600); os.write(fd, b\"named\")
d = os.open(\".\", os.O_RDONLY); os.link(f\"/proc/self/fd/{fd}\", \"named\", src_dir_fd=d, follow_symlinks=True)
assert open(\"named\").read() == \"named\"; fd = os.open(\"at\", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644, dir_fd=d)
try: os.open(\"at\", os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=d); assert False
except FileExistsError: pass
assert not os.get_inheritable(fd)
os.replace(\"at\", \"to\", src_dir_fd=d, dst_dir_fd=d); os.unlink(\"to\", dir_fd=d); os.mkdir(\"m\", dir_fd=d); os.rmdir(\"m\", dir_fd=d)
f = open(\"log\", \"a\"); assert fcntl.fcntl(f, fcntl.F_GETFL) & os.O_APPEND and not fcntl.fcntl(f, fcntl.F_GETFL) & os.O_NONBLOCK
os.setxattr(\"log\", \"user.a\", b\"b\"); assert os.getxattr(\"log\", \"user.a\") == b\"b\"; os.removexattr(\"log\", \"user.a\")
m = os.memfd_create(\"m\"); open(f\"/proc/self/fd/{m}\", \"w\").write(\"x\")
open(\"/proc/self/comm\", \"w\").write(\"renamed\"); assert open(\"/proc/self/comm\").read() == \"renamed\\n\"
open(\"/proc/self/oom_score_adj\", \"w\").write(\"500\"); open(\"/proc/thread-self/comm\", \"w\").write(\"x\")
os.symlink(\"log\", \"link\"); open(\"link\", \"w\").write(\"through\"); assert open(\"log\").read() == \"through\"
os.symlink(\"later\", \"dangling\"); open(\"dangling\", \"w\").close(); os.stat(\"later\")
os.chmod(\"log\", 0o600); os.chown(\"log\", os.getuid(), os.getgid()); os.truncate(\"log\", 3)
p = os.pipe(); open(f\"/dev/fd/{p[1]}\", \"w\").close(); os.fchmod(p[0], 0o600)
open(\"/dev/full\", \"w\"); open(\"/dev/ptmx\", \"r+b\", buffering=0)
'",
    );
}

#[test]
fn git_makes_a_repository_and_commits() {
    is_unremarkable(
        "export HOME=/home/app; git init -q r; cd r; echo a >f; git add f; git -c user.name=a -c user.email=b commit -qm x; git checkout -qb y; git gc -q",
    );
}

#[test]
fn errors_are_the_kernel_s_own() {
    is_unremarkable(
        "python3 -I -c '
import os, errno
def fails(name, call, *args, **kw):
    try: call(*args, **kw)
    except OSError as e: assert e.errno == getattr(errno, name), (args, e)
    else: assert False, args
os.mkdir(\"d\"); open(\"f\", \"w\").close(); os.symlink(\"loop\", \"loop\"); os.mkfifo(\"p\")
W = os.O_WRONLY
fails(\"ENOENT\", os.open, \"no\", W)
fails(\"ENOENT\", os.open, \"no/no\", W | os.O_CREAT)
fails(\"ENOTDIR\", os.open, \"f/x\", W | os.O_CREAT)
fails(\"EISDIR\", os.open, \"d\", W)
fails(\"EISDIR\", os.open, \"new/\", W | os.O_CREAT)
fails(\"ELOOP\", os.open, \"loop\", W)
fails(\"ELOOP\", os.open, \"loop\", W | os.O_NOFOLLOW)
fails(\"ENOTDIR\", os.open, \"f\", W | os.O_DIRECTORY)
fails(\"ENXIO\", os.open, \"p\", W | os.O_NONBLOCK)
fails(\"ENAMETOOLONG\", os.open, \"x\" * 5000, W | os.O_CREAT)
fails(\"ENAMETOOLONG\", os.open, \"x\" * 300, W | os.O_CREAT)
fails(\"ENOENT\", os.open, \"\", W)
fails(\"EBADF\", os.open, \"x\", W, dir_fd=999)
fails(\"EEXIST\", os.mkdir, \"d\"); fails(\"EEXIST\", os.mkdir, \"/\"); fails(\"EEXIST\", os.mkdir, \"/usr\")
fails(\"EEXIST\", os.symlink, \"x\", \"f\"); fails(\"ENOENT\", os.unlink, \"no\"); fails(\"ENOENT\", os.unlink, \"/etc/no\")
fails(\"EISDIR\", os.unlink, \"d\"); fails(\"ENOTDIR\", os.rmdir, \"f\"); fails(\"ENOENT\", os.rename, \"no\", \"x\")
fails(\"ENOENT\", os.truncate, \"no\", 0); fails(\"EINVAL\", os.truncate, \"f\", -1); fails(\"EISDIR\", os.truncate, \"d\", 0)
fails(\"ENOENT\", os.chmod, \"no\", 0); fails(\"EBADF\", os.fchmod, 999, 0)
fails(\"EPERM\", os.chown, \"f\", 0, 0); fails(\"EPERM\", os.chmod, \"/etc\", 0o777)
fails(\"EACCES\", os.mkdir, \"/etc/new\"); fails(\"EACCES\", os.open, \"/etc/passwd\", W); fails(\"EACCES\", os.open, \"/usr/bin/sh\", W)
fails(\"EXDEV\", os.link, \"f\", \"/dev/shm/f\")
'",
    );
}
