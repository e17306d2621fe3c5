// Preloaded: epoll takes no more files of one kind (ENOSPC), as when its user has no watches left. The file
// that NO_WATCHES names has the kind in the words of /proc, such as "anon_inode:[eventfd]"; none while it is
// empty.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static bool is_struck(int fd) {
  char link[64], kind[64] = "", file[64] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const int words = open(getenv("NO_WATCHES"), O_RDONLY | O_CLOEXEC);
  const ssize_t length = words < 0 ? 0 : read(words, kind, sizeof kind - 1);
  if (words >= 0) close(words);
  return length > 0 && readlink(link, file, sizeof file - 1) > 0 && strncmp(file, kind, strlen(kind)) == 0;
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  int (*next)(int, int, int, struct epoll_event*) = dlsym(RTLD_NEXT, "epoll_ctl");
  if (operation != EPOLL_CTL_ADD || !is_struck(fd)) return next(epoll, operation, fd, event);
  errno = ENOSPC;
  return -1;
}
