/*
 * Starts a server and measures how long a client has to wait: from exec to the first answered PING
 * over TLS, in microseconds, then the server's resident memory in KiB once it has answered. Stops
 * the server. first_answer PORT KEY|- COMMAND ...
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_SECONDS 20

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

/* A connected socket as soon as the port takes one; -1 if the server ended or never listened. */
static int connect_when_ready(int port, pid_t server, double deadline)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timespec pause = {.tv_nsec = 100000};
    while (now_seconds() < deadline && waitpid(server, NULL, WNOHANG) == 0) {
        int sock = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0) {
            return sock;
        }
        close(sock);
        nanosleep(&pause, NULL);
    }
    return -1;
}

static int ping(int sock, SSL_CTX *context, const char *key)
{
    char request[512] = "", answer[512];
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, sock);
    SSL_set_tlsext_host_name(tls, "localhost");
    if (strcmp(key, "-") != 0) {
        snprintf(request, sizeof(request), "AUTH %.400s\r\n", key);
    }
    strcat(request, "PING\r\n");
    size_t got = 0;
    if (SSL_connect(tls) == 1 && SSL_write(tls, request, (int)strlen(request)) > 0) {
        answer[0] = '\0';
        while (strstr(answer, "PONG\r\n") == NULL && got + 1 < sizeof(answer)) {
            int more = SSL_read(tls, answer + got, (int)(sizeof(answer) - 1 - got));
            if (more <= 0) {
                break;
            }
            got += (size_t)more;
            answer[got] = '\0';
        }
    }
    int good = got > 0 && strstr(answer, "PONG\r\n") != NULL;
    SSL_free(tls);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: first_answer PORT KEY|- COMMAND ...\n");
        return 2;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method()); /* loopback: nothing to verify */
    double start = now_seconds();
    pid_t server = fork();
    if (server == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    int sock = connect_when_ready(atoi(argv[1]), server, start + LIMIT_SECONDS);
    int good = sock >= 0 && ping(sock, context, argv[2]);
    double seconds = now_seconds() - start;
    long kib = resident_kib(server);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    if (!good) {
        fprintf(stderr, "first_answer: %s did not answer\n", argv[3]);
        return 1;
    }
    printf("%.0f %ld\n", seconds * 1e6, kib);
    return 0;
}
