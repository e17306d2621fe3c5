#include "util/hang_up.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "util/passing.h"

namespace vpp_punt {

// include/uapi/asm-generic/socket.h; a C library may be older than the kernel.
constexpr int kSoPassRights = 83;

/// More than a queue has room for (net.unix.max_dgram_qlen), unless the administrator gives it much.
constexpr int kMostQueued = 10'000;

void HangUp(UniqueFd connection) {
  if (!connection) return;
  shutdown(connection.get(), SHUT_RDWR);
  connection.SetForeign(true);
}

void HangUpListener(UniqueFd listener) {
  if (!listener) return;
  shutdown(listener.get(), SHUT_RDWR);  // no more connections
  for (;;) {
    UniqueFd waiting(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!waiting) break;
    HangUp(std::move(waiting));
  }
  // EINVAL: the queue is empty and stays so. After other errors, such as EMFILE, connections may still wait.
  if (errno != EINVAL && errno != EAGAIN) listener.SetForeign(true);
}

void HangUpDatagrams(UniqueFd socket) {
  if (!socket) return;
  shutdown(socket.get(), SHUT_RD);  // nothing more is queued
  ssize_t size = 0;
  for (int i = 0; i < kMostQueued && size != -EAGAIN; i++) {
    char byte;
    size = ReceivePassed(socket.get(), {&byte, 1}, kMostPassed).size;
  }
  socket.SetForeign(size != -EAGAIN);
}

void LetGoOfDatagrams(UniqueFd socket) {
  sockaddr_un peer;
  socklen_t size = sizeof(peer);
  socket.SetForeign(getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0);
}

void RefuseDescriptors(int socket) {
  const int off = 0;
  setsockopt(socket, SOL_SOCKET, kSoPassRights, &off, sizeof(off));
}

}  // namespace vpp_punt
