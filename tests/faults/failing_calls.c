/* Stands in front of the C library and makes the n-th call that changes a file fail.
 *
 * fail_call(n, kind): from now on the n-th call fails (0: none). Kinds: 0 = an error,
 * 1 = half is written, then "no space", 2 = half is written, then the process ends.
 * Returns 1 if the call armed before has failed, else 0.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

static long left = 0;
static int how = 0, failed = 0;

int fail_call(long n, int kind) {
    int before = failed;
    left = n;
    how = kind;
    failed = 0;
    return before;
}

static int is_the_one(void) {
    if (left == 0 || --left > 0) return 0;
    failed = 1;
    return 1;
}

static int give_up(void) {
    if (how == 2) _exit(9);
    errno = how == 1 ? ENOSPC : EIO;
    return -1;
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

typedef ssize_t (*writer)(int, const void *, size_t);
typedef ssize_t (*placed_writer)(int, const void *, size_t, off64_t);
typedef int (*syncer)(int);
typedef int (*cutter)(int, off64_t);

#define PLACED_WRITE(name)                                                          \
    ssize_t name(int file, const void *bytes, size_t n, off64_t at) {               \
        placed_writer real = REAL(#name, placed_writer);                            \
        if (!is_the_one()) return real(file, bytes, n, at);                         \
        if (how) (void)!real(file, bytes, n / 2, at);                               \
        return give_up();                                                           \
    }
PLACED_WRITE(pwrite)
PLACED_WRITE(pwrite64)

ssize_t write(int file, const void *bytes, size_t n) {
    writer real = REAL("write", writer);
    if (file <= 2 || !is_the_one()) return real(file, bytes, n);
    if (how) (void)!real(file, bytes, n / 2);
    return give_up();
}

int fsync(int file) { return is_the_one() ? give_up() : REAL("fsync", syncer)(file); }
int fdatasync(int file) { return is_the_one() ? give_up() : REAL("fdatasync", syncer)(file); }

#define CUT(name)                                                                   \
    int name(int file, off64_t n) {                                                 \
        return is_the_one() ? give_up() : REAL(#name, cutter)(file, n);             \
    }
CUT(ftruncate)
CUT(ftruncate64)
