/* A disk that forgets, put before a program with LD_PRELOAD.
 *
 * Files below DISK_FOLDER: every change since the last sync of a file is noted in DISK_JOURNAL before it is made, with
 * what was there before; a sync forgets the notes. Whoever kills the program can then take back what no sync has made
 * safe, as a loss of power does (disk.rs). While the file DISK_JOURNAL/full exists, no file below DISK_FOLDER grows.
 * A number in the file DISK_JOURNAL/die is how many changes from then on are made before the program dies.
 *
 * Names are safe at once: file systems with a journal store the name of a file with its first sync. The memory that
 * SQLite shares (-shm) is not on a disk, and neither is what is written by mmap.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 65536
#define SYNC_US 20000

/* The notes of a file; 0 for one that is not watched. */
static int notes_of[FILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What stands before each note; then come the bytes that are written, and those that they replace. */
struct note {
    uint64_t is_cut; /* The file gets another length, and nothing is written. */
    uint64_t offset;
    uint64_t new_count;
    uint64_t old_count;
    uint64_t old_size;
};

/* The function of the C library that stands behind ours. */
#define REAL(name) ((__typeof__(&name))behind(#name))

static void *behind(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    return found;
}

static const char *journal(void) { return getenv("DISK_JOURNAL"); }

static int is_ours(const char *path) {
    const char *folder = getenv("DISK_FOLDER");
    size_t length = folder == NULL ? 0 : strlen(folder);
    if (length == 0 || strncmp(path, folder, length) != 0 || path[length] != '/') return 0;
    const char *end = strrchr(path, '-');
    return end == NULL || strcmp(end, "-shm") != 0;
}

static void notes_path(char *path, size_t size, ino_t inode) {
    snprintf(path, size, "%s/%llu.notes", journal(), (unsigned long long)inode);
}

static void watch(int fd) {
    char link[64], path[4096];
    struct stat found;
    if (fd < 0 || fd >= FILES_MAX || journal() == NULL) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    if (!is_ours(path) || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return;
    notes_path(path, sizeof path, found.st_ino);
    int notes = REAL(open)(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (notes < 0) abort();
    notes_of[fd] = notes;
}

static int notes(int fd) { return fd >= 0 && fd < FILES_MAX ? notes_of[fd] : 0; }

/* Writes a note; the program must not go on without it. */
static void note(int fd, uint64_t is_cut, off_t offset, const void *bytes, size_t count) {
    struct stat found;
    if (fstat(fd, &found) != 0) abort();
    struct note head = {is_cut, (uint64_t)offset, is_cut ? 0 : count, 0, (uint64_t)found.st_size};
    size_t replaced = is_cut ? (size_t)found.st_size : count;
    char *old = NULL;
    if (offset < found.st_size && replaced > 0) {
        old = malloc(replaced);
        ssize_t got = REAL(pread)(fd, old, is_cut ? (size_t)(found.st_size - offset) : replaced, offset);
        if (old == NULL || got < 0) abort();
        head.old_count = (uint64_t)got;
    }
    struct iovec parts[3] = {
        {&head, sizeof head}, {(void *)bytes, head.new_count}, {old, head.old_count}};
    ssize_t whole = (ssize_t)(sizeof head + head.new_count + head.old_count);
    if (writev(notes_of[fd], parts, 3) != whole) abort();
    free(old);
}

/* How much of it has room. */
static size_t room(int fd, off_t offset, size_t count) {
    char path[4096];
    struct stat found;
    snprintf(path, sizeof path, "%s/full", journal());
    if (access(path, F_OK) != 0 || fstat(fd, &found) != 0) return count;
    if (offset + (off_t)count <= found.st_size) return count;
    return offset < found.st_size ? (size_t)(found.st_size - offset) : 0;
}

static void die_if_told(void) {
    static long left = -1;
    char path[4096];
    snprintf(path, sizeof path, "%s/die", journal());
    if (left < 0 && access(path, F_OK) == 0) {
        FILE *file = fopen(path, "r");
        if (file == NULL || fscanf(file, "%ld", &left) != 1) left = 0;
        if (file != NULL) fclose(file);
    }
    if (left >= 0 && left-- == 0) kill(getpid(), SIGKILL);
}

static ssize_t change(int fd, const void *bytes, size_t count, off_t offset) {
    pthread_mutex_lock(&lock);
    size_t fits = room(fd, offset, count);
    ssize_t written = -1;
    if (fits > 0 || count == 0) {
        note(fd, 0, offset, bytes, fits);
        written = REAL(pwrite)(fd, bytes, fits, offset);
        die_if_told();
    } else {
        errno = ENOSPC;
    }
    pthread_mutex_unlock(&lock);
    return written;
}

static int cut(int fd, off_t size) {
    pthread_mutex_lock(&lock);
    note(fd, 1, size, NULL, 0);
    int result = REAL(ftruncate)(fd, size);
    die_if_told();
    pthread_mutex_unlock(&lock);
    return result;
}

/* From here on a loss of power changes nothing of this file. The disk itself is not asked, but it takes its time: a
 * program that waits for it is mostly killed while it waits. */
static int make_safe(int fd) {
    pthread_mutex_lock(&lock);
    usleep(SYNC_US);
    int result = REAL(ftruncate)(notes_of[fd], 0);
    pthread_mutex_unlock(&lock);
    return result;
}

/* A file goes, and its number may be given to another one. */
static void forget(const char *path) {
    char notes[4096];
    struct stat found;
    if (journal() == NULL || stat(path, &found) != 0 || found.st_nlink > 1) return;
    notes_path(notes, sizeof notes, found.st_ino);
    REAL(unlink)(notes);
}

#define OPENS(name)                                                                 \
    int name(const char *path, int flags, ...) {                                    \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        int fd = REAL(name)(path, flags, (flags & O_CREAT) ? va_arg(more, int) : 0); \
        va_end(more);                                                               \
        watch(fd);                                                                  \
        return fd;                                                                  \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                                   \
    int name(int at, const char *path, int flags, ...) {                                 \
        va_list more;                                                                    \
        va_start(more, flags);                                                           \
        int fd = REAL(name)(at, path, flags, (flags & O_CREAT) ? va_arg(more, int) : 0); \
        va_end(more);                                                                    \
        watch(fd);                                                                       \
        return fd;                                                                       \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

int close(int fd) {
    if (notes(fd)) {
        REAL(close)(notes_of[fd]);
        notes_of[fd] = 0;
    }
    return REAL(close)(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (!notes(fd)) return REAL(write)(fd, bytes, count);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t written = change(fd, bytes, count, at);
    if (written > 0) lseek(fd, at + written, SEEK_SET);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return notes(fd) ? change(fd, bytes, count, at) : REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { return pwrite(fd, bytes, count, at); }

int ftruncate(int fd, off_t size) { return notes(fd) ? cut(fd, size) : REAL(ftruncate)(fd, size); }

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int fsync(int fd) { return notes(fd) ? make_safe(fd) : REAL(fsync)(fd); }

int fdatasync(int fd) { return notes(fd) ? make_safe(fd) : REAL(fdatasync)(fd); }

int unlink(const char *path) {
    forget(path);
    return REAL(unlink)(path);
}

int rename(const char *from, const char *to) {
    forget(to);
    return REAL(rename)(from, to);
}
