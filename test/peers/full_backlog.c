// Preloaded: another process fills the queue of every listener of libmemif's, as soon as it listens, and
// keeps it full.
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_abstract(int fd, struct sockaddr_un* address, socklen_t* length) {
  return getsockname(fd, (struct sockaddr*)address, length) == 0 && address->sun_family == AF_UNIX &&
         *length > sizeof(sa_family_t) && address->sun_path[0] == 0;
}

// In the other process: connects until no connection is taken any more.
static void fill(int fd, const struct sockaddr_un* address, socklen_t length, int done) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close(fd);
  for (;;) {
    const int more = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (more < 0 || connect(more, (const struct sockaddr*)address, length) != 0) break;
  }
  write(done, "", 1);
  for (;;) pause();
}

int listen(int fd, int backlog) {
  int (*next)(int, int) = dlsym(RTLD_NEXT, "listen");
  const int result = next(fd, backlog);
  const int error = errno;
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  int full[2];
  char byte;
  if (result == 0 && is_abstract(fd, &address, &length) && pipe(full) == 0) {
    if (fork() == 0) fill(fd, &address, length, full[1]);
    read(full[0], &byte, 1);
    close(full[0]);
    close(full[1]);
  }
  errno = error;
  return result;
}
