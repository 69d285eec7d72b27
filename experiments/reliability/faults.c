/* A disk that fails, and a process that dies, at one of its writes below a folder.
 *
 * Preloaded. `churn_fault(folder, kind, n)` counts calls that change files below the folder from then on, and at the n-th one
 *   'k' ends the process at once, as `kill -9` does
 *   'f' says that the disk is full, then and ever after (ENOSPC)
 *   'e' says that the disk fails, once (EIO)
 *   's' writes half, and then says that the disk is full, ever after
 *   'y' lets fsync fail, at the n-th call of fsync (EIO)
 *   'c' counts the calls at which 'k' may strike, 'w' the calls of 'f', 'e' and 's'.
 * It returns the number of calls counted so far. */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char below[PATH_MAX];
static char fault = 0;
static long at = 0, counted = 0;

long churn_fault(const char *folder, char kind, long n) {
    if (folder) {
        strncpy(below, folder, sizeof below - 1);
        fault = kind, at = n;
        __atomic_store_n(&counted, 0, __ATOMIC_SEQ_CST);
    }
    return counted;
}

static int inside(const char *path) { return path && fault && strncmp(path, below, strlen(below)) == 0; }

static int inside_fd(int fd) {
    char link[64], path[PATH_MAX];
    if (!fault) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return inside(path);
}

/* The error of the call at hand; 0 for none, -1 for half a write. */
static int verdict(int is_fsync) {
    if (fault == 'y' && !is_fsync) return 0;
    if (fault != 'y' && is_fsync && fault != 'k' && fault != 'c') return 0;
    long n = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
    if (n < at || fault == 'c' || fault == 'w') return 0;
    if (fault == 'k') kill(getpid(), SIGKILL);
    if (fault == 'f') return ENOSPC;
    if (fault == 's') return n == at ? -1 : ENOSPC;
    return n == at ? EIO : 0;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define WRITE(call, half)                                        \
    if (inside_fd(fd)) {                                         \
        int error = verdict(0);                                  \
        if (error > 0) { errno = error; return -1; }             \
        if (error < 0) return half;                              \
    }                                                            \
    return call

ssize_t write(int fd, const void *data, size_t n) {
    REAL(write);
    WRITE(real(fd, data, n), real(fd, data, n / 2));
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t place) {
    REAL(pwrite);
    WRITE(real(fd, data, n, place), real(fd, data, n / 2, place));
}
ssize_t pwrite64(int fd, const void *data, size_t n, off_t place) {
    REAL(pwrite64);
    WRITE(real(fd, data, n, place), real(fd, data, n / 2, place));
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(writev);
    WRITE(real(fd, parts, n), real(fd, parts, n > 1 ? n / 2 : n));
}
int ftruncate(int fd, off_t n) {
    REAL(ftruncate);
    WRITE(real(fd, n), real(fd, n));
}
int posix_fallocate(int fd, off_t from, off_t n) {
    REAL(posix_fallocate);
    if (inside_fd(fd)) {
        int error = verdict(0);
        if (error) return error > 0 ? error : ENOSPC;
    }
    return real(fd, from, n);
}
int fsync(int fd) {
    REAL(fsync);
    if (inside_fd(fd)) {
        int error = verdict(1);
        if (error) { errno = error > 0 ? error : EIO; return -1; }
    }
    return real(fd);
}

#define NAMES(path, call)                                                            \
    if (inside(path)) {                                                              \
        int error = verdict(0);                                                      \
        if (error) { errno = error > 0 ? error : ENOSPC; return -1; }                \
    }                                                                                \
    return call

int rename(const char *from, const char *to) {
    REAL(rename);
    NAMES(to, real(from, to));
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    NAMES(path, real(path, mode));
}
int unlink(const char *path) { /* which frees space: a full disk lets it pass */
    REAL(unlink);
    if (inside(path) && (fault == 'k' || fault == 'c')) verdict(0);
    return real(path);
}
