// Preloaded: a disk that is full, read-only or slow, and memory that runs out. VPP_PUNT_SHORTAGE names a file
// of three 32-bit numbers: the errno of changes below the folder VPP_PUNT_SHORTAGE_OF, the milliseconds that
// each change takes, and the errno of shared mappings.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static const volatile int32_t* control;
static const char* folder;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("VPP_PUNT_SHORTAGE");
  folder = getenv("VPP_PUNT_SHORTAGE_OF");
  if (path == NULL || folder == NULL) return;
  const int fd = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = NEXT(mmap)(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) control = mapped;
}

static bool is_struck(const char* path) {
  return control != NULL && (control[0] != 0 || control[1] != 0) &&
         strncmp(path, folder, strlen(folder)) == 0;
}

static bool is_struck_fd(int fd) {
  char link[64];
  char path[4096];
  if (control == NULL || (control[0] == 0 && control[1] == 0)) return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = 0;
  return is_struck(path);
}

// Takes its time; returns whether the call fails, with errno set.
static bool fails(void) {
  const int32_t ms = control[1];
  const struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
  if (ms > 0) nanosleep(&pause, NULL);
  errno = control[0];
  return errno != 0;
}

#define OPEN(name)                                                                       \
  int name(const char* path, int flags, ...) {                                           \
    va_list list;                                                                        \
    va_start(list, flags);                                                               \
    const mode_t mode = (mode_t)va_arg(list, int);                                       \
    va_end(list);                                                                        \
    const bool writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;                    \
    if (writes && is_struck(path) && fails()) return -1;                                 \
    return ((int (*)(const char*, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int rename(const char* from, const char* to) {
  return is_struck(to) && fails() ? -1 : NEXT(rename)(from, to);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  return is_struck_fd(fd) && fails() ? -1 : NEXT(write)(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  return is_struck_fd(fd) && fails() ? -1 : NEXT(pwrite64)(fd, bytes, count, offset);
}

int fsync(int fd) {
  return is_struck_fd(fd) && fails() ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd) {
  return is_struck_fd(fd) && fails() ? -1 : NEXT(fdatasync)(fd);
}

static bool lacks_memory(int flags, int fd) {
  if (control == NULL || control[2] == 0 || fd < 0 || (flags & MAP_SHARED) == 0) return false;
  errno = control[2];
  return true;
}

void* mmap(void* at, size_t length, int protection, int flags, int fd, off_t offset) {
  return lacks_memory(flags, fd) ? MAP_FAILED : NEXT(mmap)(at, length, protection, flags, fd, offset);
}

void* mmap64(void* at, size_t length, int protection, int flags, int fd, off64_t offset) {
  return lacks_memory(flags, fd) ? MAP_FAILED : NEXT(mmap64)(at, length, protection, flags, fd, offset);
}
