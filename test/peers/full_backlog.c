// Preloaded: another process fills the queue of every listener of libmemif's, and keeps it full. It comes as
// soon as this one listens, or with FILL_AFTER=connect, as soon as this process has a connection in the
// queue.
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_abstract(const struct sockaddr_un* address, socklen_t length) {
  return address->sun_family == AF_UNIX && length > sizeof(sa_family_t) && address->sun_path[0] == 0;
}

static bool comes_after(const char* call) {
  const char* wanted = getenv("FILL_AFTER");
  return strcmp(wanted == NULL ? "listen" : wanted, call) == 0;
}

static int really_connect(int fd, const struct sockaddr* address, socklen_t length) {
  int (*next)(int, const struct sockaddr*, socklen_t) = dlsym(RTLD_NEXT, "connect");
  return next(fd, address, length);
}

// In the other process: connects until no connection is taken any more.
static void connect_all(int fd, const struct sockaddr_un* address, socklen_t length, int done) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close(fd);
  for (;;) {
    const int more = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (more < 0 || really_connect(more, (const struct sockaddr*)address, length) != 0) break;
  }
  write(done, "", 1);
  for (;;) pause();
}

static void fill(int fd, const struct sockaddr_un* address, socklen_t length) {
  int full[2];
  char byte;
  if (pipe(full) != 0) return;
  if (fork() == 0) connect_all(fd, address, length, full[1]);
  read(full[0], &byte, 1);
  close(full[0]);
  close(full[1]);
}

int listen(int fd, int backlog) {
  int (*next)(int, int) = dlsym(RTLD_NEXT, "listen");
  const int result = next(fd, backlog);
  const int error = errno;
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  if (result == 0 && comes_after("listen") && getsockname(fd, (struct sockaddr*)&address, &length) == 0 &&
      is_abstract(&address, length))
    fill(fd, &address, length);
  errno = error;
  return result;
}

int connect(int fd, const struct sockaddr* to, socklen_t length) {
  const int result = really_connect(fd, to, length);
  const int error = errno;
  const struct sockaddr_un* address = (const struct sockaddr_un*)to;
  if (result == 0 && comes_after("connect") && is_abstract(address, length)) fill(fd, address, length);
  errno = error;
  return result;
}
