// Preloaded into two processes that open one stale path at the same moment. The one with ROLE=first stops
// just before it removes the stale file. It goes on when the other one waits for it, or has finished:
// FOLDER/second says so.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static const char* in_folder(const char* name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", getenv("FOLDER"), name);
  return path;
}

static bool has_role(const char* role) {
  const char* own = getenv("ROLE");
  return own != NULL && strcmp(own, role) == 0;
}

static void say(const char* name) {
  close(open(in_folder(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

int unlink(const char* path) {
  static bool stopped;
  if (has_role("first") && !stopped && strcmp(path, getenv("STALE")) == 0) {
    stopped = true;
    say("removing");
    const struct timespec pause = {0, 1000000};
    while (access(in_folder("second"), F_OK) != 0) nanosleep(&pause, NULL);
  }
  int (*next)(const char*) = dlsym(RTLD_NEXT, "unlink");
  return next(path);
}

int flock(int fd, int operation) {
  int (*next)(int, int) = dlsym(RTLD_NEXT, "flock");
  const int result = next(fd, operation);
  if (result != 0 && errno == EWOULDBLOCK && has_role("second")) {
    say("second");
    errno = EWOULDBLOCK;
  }
  return result;
}
