/* Clocks that a test can set, and signals as a shell in a terminal leaves them. Loaded before the C library into a program and
 * into all that it starts; the program itself knows nothing of it.
 *
 * TEST_CLOCK names a file for the wall clock: "=N" stops it at N seconds since the epoch, "N" puts it N seconds ahead of the
 * machine's. TEST_TIMERS names a file for the monotonic clock, which measures limits and timeouts: it stands still but for the
 * N seconds that the file says. TEST_SLEEPS_PASS lets the sleep of a thread and its wait for input end at once, and puts the
 * monotonic clock ahead by it: a loop that looks again and again comes to its limit soon, and what waits for the network is not
 * hurried.
 * TEST_CHILDREN_IGNORED leaves SIGCHLD ignored, as some programs leave it to what they start. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A timer that is due is noticed this soon, whatever the kernel was asked to wait for. */
#define LONGEST_WAIT_MS 10

#define NS_PER_S 1000000000L

/* What the sleeps of this process have lasted by its monotonic clock. */
static long slept_ns;

static int contents(const char *variable, char *text, size_t size) {
    const char *path = getenv(variable);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t length;
    if (file < 0)
        return 0;
    length = read(file, text, size - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    return length > 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    char text[32];
    int failed = (int)syscall(SYS_clock_gettime, clock, time);
    if (failed)
        return failed;
    if (clock == CLOCK_REALTIME && contents("TEST_CLOCK", text, sizeof text)) {
        time->tv_sec = text[0] == '=' ? atol(text + 1) : time->tv_sec + atol(text);
    } else if (clock == CLOCK_MONOTONIC && contents("TEST_TIMERS", text, sizeof text)) {
        time->tv_sec = 1000000 + atol(text);
        time->tv_nsec = 0;
    }
    if (clock == CLOCK_MONOTONIC) {
        long ns = time->tv_nsec + __atomic_load_n(&slept_ns, __ATOMIC_RELAXED);
        time->tv_sec += ns / NS_PER_S;
        time->tv_nsec = ns % NS_PER_S;
    }
    return 0;
}

static int pass(const struct timespec *asked) {
    static const struct timespec moment = {0, 100000};
    __atomic_fetch_add(&slept_ns, asked->tv_sec * NS_PER_S + asked->tv_nsec, __ATOMIC_RELAXED);
    syscall(SYS_nanosleep, &moment, 0);
    return 0;
}

int nanosleep(const struct timespec *asked, struct timespec *left) {
    return getenv("TEST_SLEEPS_PASS") ? pass(asked) : (int)syscall(SYS_nanosleep, asked, left);
}

/* A wait for input that is not there passes as a sleep does. */
int poll(struct pollfd *watched, nfds_t count, int timeout) {
    int passes = timeout > 0 && getenv("TEST_SLEEPS_PASS");
    struct timespec wait = {timeout / 1000, timeout % 1000 * 1000000L}, none = {0, 0};
    int ready = (int)syscall(SYS_ppoll, watched, count, timeout < 0 ? 0 : passes ? &none : &wait, 0, 0);
    return ready == 0 && passes ? pass(&wait) : ready;
}

/* Its result is the number of the error, and not -1. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *asked, struct timespec *left) {
    if (flags == 0 && getenv("TEST_SLEEPS_PASS"))
        return pass(asked);
    return syscall(SYS_clock_nanosleep, clock, flags, asked, left) ? errno : 0;
}

int epoll_wait(int epoll, struct epoll_event *events, int size, int timeout) {
    if (getenv("TEST_TIMERS") && (timeout < 0 || timeout > LONGEST_WAIT_MS))
        timeout = LONGEST_WAIT_MS;
    return epoll_pwait(epoll, events, size, timeout, 0);
}

/* A job in the background of a script has SIGINT and SIGQUIT ignored, one under nohup SIGHUP, and so have their children. */
__attribute__((constructor)) static void reset_signals(void) {
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    size_t i;
    for (i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    if (getenv("TEST_CHILDREN_IGNORED"))
        signal(SIGCHLD, SIG_IGN);
}
