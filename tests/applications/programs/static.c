/* A program without a dynamic loader, as images from scratch have it; it starts itself, and asks itself over TCP. */
#define _GNU_SOURCE
#include <netdb.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *answer(void *argument) {
    int client = accept(*(int *)argument, NULL, NULL);
    dprintf(client, "answer");
    close(client);
    return NULL;
}

static int resolved(struct addrinfo **found) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    return getaddrinfo("service.test", "8080", &hints, found);
}

int main(int count, char **arguments) {
    if (count > 1) {
        printf("child %s\n", arguments[1]);
        return 5;
    }
    pid_t child;
    char *child_arguments[] = {arguments[0], "argument", NULL};
    if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, child_arguments, environ)) return 1;
    int status;
    waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
    struct addrinfo *found;
    if (resolved(&found)) return 2;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, found->ai_addr, found->ai_addrlen) || listen(server, 5)) return 3;
    pthread_t thread;
    pthread_create(&thread, NULL, answer, &server);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, found->ai_addr, found->ai_addrlen)) return 4;
    char text[20] = "";
    if (recv(client, text, sizeof text - 1, MSG_WAITALL) < 0) return 5;
    pthread_join(thread, NULL);
    printf("%s\nthe end\n", text);
    return 0;
}
