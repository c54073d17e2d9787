/* As Go does it: threads that are interrupted every millisecond while they start programs, connect and open files.
   None of it may fail, get lost or come out otherwise. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 100, WORKERS = 5 };

static atomic_int signals, done;
static atomic_int threads[WORKERS], children[WORKERS];
static struct sockaddr_in address = {.sin_family = AF_INET};

static void preempt(int number) {
    (void)number;
    atomic_fetch_add(&signals, 1);
}

static void fail(const char *what) {
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static void start_program(int index) {
    pid_t child = index == 0 ? vfork() : fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
        _exit(errno == EINTR ? 100 : 101);
    }
    if (child < 0) fail("fork");
    atomic_store(&children[index], child);
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    atomic_store(&children[index], 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) {
        printf("status %x\n", status);
        exit(1);
    }
}

static void answered(int client) {
    char byte;
    if (recv(client, &byte, 1, 0) != 1 || byte != 'x') fail("recv");
    close(client);
}

static void connect_and_wait(int index) {
    (void)index;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0) fail("socket");
    if (connect(client, (void *)&address, sizeof address) < 0) fail("connect");
    answered(client);
}

static void connect_and_poll(int index) {
    (void)index;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client < 0) fail("socket");
    if (connect(client, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect, non-blocking");
    struct pollfd ready = {client, POLLOUT, 0};
    while (poll(&ready, 1, 10000) < 0)
        if (errno != EINTR) fail("poll");
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error) fail("SO_ERROR");
    if (fcntl(client, F_SETFL, 0) < 0) fail("fcntl");
    answered(client);
}

static void write_a_file(int index) {
    char name[40];
    snprintf(name, sizeof name, "/tmp/preempted-%d", index);
    int file = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) fail("open");
    if (write(file, "x", 1) != 1 || close(file) < 0) fail("write");
    if (rename(name, "/tmp/renamed") < 0 || unlink("/tmp/renamed") < 0) fail("rename");
}

static void (*const work[WORKERS])(int) = {start_program, start_program, connect_and_wait, connect_and_poll, write_a_file};

static void *worker(void *argument) {
    int index = (int)(long)argument;
    atomic_store(&threads[index], (int)gettid());
    for (int round = 0; round < ROUNDS; round++) work[index](index);
    atomic_store(&threads[index], 0);
    atomic_fetch_add(&done, 1);
    return NULL;
}

static void *serve(void *argument) {
    int server = (int)(long)argument;
    for (;;) {
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0 && errno == EINTR) continue;
        if (client < 0) fail("accept");
        if (send(client, "x", 1, MSG_NOSIGNAL) != 1) fail("send");
        close(client);
    }
    return NULL;
}

int main(void) {
    /* The server takes no signals: its accept is not what is looked at. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    inet_pton(AF_INET, "10.99.0.1", &address.sin_addr);
    address.sin_port = htons(8080);
    if (bind(server, (void *)&address, sizeof address) < 0 || listen(server, 100) < 0) fail("listen");
    pthread_t thread;
    pthread_create(&thread, NULL, serve, (void *)(long)server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    struct sigaction action = {.sa_handler = preempt, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigaction(SIGURG, &action, NULL);
    for (long index = 0; index < WORKERS; index++) pthread_create(&thread, NULL, worker, (void *)index);
    while (atomic_load(&done) < WORKERS) {
        usleep(1000);
        for (int index = 0; index < WORKERS; index++) {
            int target = atomic_load(&threads[index]), child = atomic_load(&children[index]);
            if (target) syscall(SYS_tgkill, getpid(), target, SIGURG);
            if (child) kill(child, SIGURG);
        }
    }
    printf("interrupted %s\n", atomic_load(&signals) > 50 ? "often" : "rarely");
    printf("the end\n");
    return 0;
}
