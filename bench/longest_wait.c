/*
 * One client that sends a PING every tenth of a millisecond, until it is told to stop (SIGTERM):
 * longest_wait PORT. Prints how long the slowest answer took, and the one that a thousandth of them
 * exceeded, in microseconds, and how many of a minute's took more than 3 milliseconds. It runs
 * before everybody else where it may, so that it measures the server and not its own turn.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_US = 5 * 1000 * 1000, LONG_US = 3000, PAUSE_NS = 100 * 1000 };

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* False: the server has gone, or the time is up. */
static int ask(int sock)
{
    static const char ping[] = "PING\r\n";
    char answer[64];
    return send(sock, ping, sizeof(ping) - 1, 0) == (ssize_t)sizeof(ping) - 1 &&
           recv(sock, answer, sizeof(answer), 0) > 0;
}

int main(int argc, char **argv)
{
    static uint32_t waits[LONGEST_US + 1];
    const struct sched_param first = {.sched_priority = 1};
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    const struct sigaction on_stop = {.sa_handler = stop};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int sock = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    uint64_t count = 0, above = 0, long_ones = 0;
    int64_t longest_us = 0, thousandth_us = LONGEST_US;

    if (argc != 2) {
        fprintf(stderr, "usage: longest_wait PORT\n");
        return 2;
    }
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    if (connect(sock, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("longest_wait");
        return 1;
    }
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sigaction(SIGTERM, &on_stop, NULL);
    (void)sched_setscheduler(0, SCHED_FIFO, &first);
    int64_t begin_us = now_us();
    while (!stopped) {
        int64_t start_us = now_us();
        if (!ask(sock)) {
            break;
        }
        int64_t wait_us = now_us() - start_us;
        waits[wait_us < LONGEST_US ? wait_us : LONGEST_US]++;
        longest_us = wait_us > longest_us ? wait_us : longest_us;
        long_ones += wait_us > LONG_US;
        count++;
        nanosleep(&pause, NULL);
    }
    while (thousandth_us > 0 && (above += waits[thousandth_us]) <= count / 1000) {
        thousandth_us--;
    }
    printf("%lld %lld %.0f\n", (long long)longest_us, (long long)thousandth_us,
           (double)long_ones * 60e6 / (double)(now_us() - begin_us));
    return 0;
}
