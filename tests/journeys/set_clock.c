/* Preloaded into a program, lets its wall clock stand ahead by what a file says at any moment.
 *
 * The file (TEST_WALL_CLOCK) holds one 64-bit number of seconds and is mapped, so that a
 * test sets the clock of living programs at once. The monotonic clock is left alone. Waits until a
 * time of the wall clock are turned back into true time; which clock a condition goes by is seen by
 * the size of the time. No header is needed, so that any C compiler will do.
 */
typedef long word;
struct timespec { word s, ns; };
struct timeval { word s, us; };

extern word syscall(word number, ...);
extern char *getenv(const char *name);
extern int open(const char *path, int flags, ...);
extern void *mmap(void *at, unsigned long size, int may, int flags, int file, word offset);
extern int pthread_cond_clockwait(void *cond, void *mutex, int clock, const struct timespec *until);
extern int pthread_mutex_clocklock(void *mutex, int clock, const struct timespec *until);
extern int sem_clockwait(void *semaphore, int clock, const struct timespec *until);

#ifdef __aarch64__
enum { CLOCK_GETTIME = 113 };
#else
enum { CLOCK_GETTIME = 228 };
#endif
enum { REALTIME = 0, MONOTONIC = 1, REALTIME_COARSE = 5, A_TIME_OF_DAY = 1000000000 };

static word ahead(void) {
    static volatile const word *told;
    if (!told) {
        const char *path = getenv("TEST_WALL_CLOCK");
        int file = path ? open(path, 0) : -1;
        void *map = file < 0 ? (void *)-1 : mmap(0, 8, 1, 1, file, 0);
        if (map == (void *)-1) return 0;
        told = map;
    }
    return *told;
}

int clock_gettime(int clock, struct timespec *now) {
    int failed = (int)syscall(CLOCK_GETTIME, clock, now);
    if (!failed && (clock == REALTIME || clock == REALTIME_COARSE)) now->s += ahead();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(REALTIME, &exact);
    now->s = exact.s;
    now->us = exact.ns / 1000;
    return 0;
}

word time(word *kept) {
    struct timespec now;
    clock_gettime(REALTIME, &now);
    if (kept) *kept = now.s;
    return now.s;
}

static int true_time(const struct timespec *until, struct timespec *then) {
    int clock = until->s > A_TIME_OF_DAY ? REALTIME : MONOTONIC;
    *then = *until;
    if (clock == REALTIME) then->s -= ahead();
    return clock;
}

int pthread_cond_timedwait(void *cond, void *mutex, const struct timespec *until) {
    struct timespec then;
    int clock = true_time(until, &then);
    return pthread_cond_clockwait(cond, mutex, clock, &then);
}

int pthread_mutex_timedlock(void *mutex, const struct timespec *until) {
    struct timespec then;
    int clock = true_time(until, &then);
    return pthread_mutex_clocklock(mutex, clock, &then);
}

int sem_timedwait(void *semaphore, const struct timespec *until) {
    struct timespec then;
    int clock = true_time(until, &then);
    return sem_clockwait(semaphore, clock, &then);
}
