#include "libmemif/private_socket.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "util/thread.h"

namespace vpp_punt::libmemif {

namespace {

constexpr int kSocketType = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
/// Connections of other processes that are turned away before ours is given up.
constexpr int kMostStrangers = 4096;
/// The kernel cuts it to net.core.somaxconn.
constexpr int kLongestQueue = 65535;

}  // namespace

bool IsOurs(int fd) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid();
}

PrivateSocket::PrivateSocket() : fd_(socket(AF_UNIX, kSocketType, 0)) {
  // An address that ends behind its family asks the kernel for a name.
  const bool listening = fd_ && bind(fd_.get(), address_.get(), sizeof(sa_family_t)) == 0 &&
                         address_.ReadFrom(fd_.get()) && listen(fd_.get(), kLongestQueue) == 0;
  if (!listening) fd_.Reset();
}

UniqueFd PrivateSocket::Connect() const {
  UniqueFd made(socket(AF_UNIX, kSocketType, 0));
  return made && connect(made.get(), address_.get(), address_.size()) == 0 ? std::move(made) : UniqueFd();
}

UniqueFd PrivateSocket::AcceptOwnDuring(const std::function<void()>& connect) const {
  const UniqueFd end(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!end) return {};
  UniqueFd own;
  Thread accepting;
  const int failure = accepting.Start("libmemif-accept", [&] { own = AcceptUntil(end.get()); });
  if (failure != 0) {
    errno = failure;
    return {};
  }
  connect();
  eventfd_write(end.get(), 1);
  accepting.Join();
  return own ? std::move(own) : AcceptOwn();
}

UniqueFd PrivateSocket::AcceptUntil(int end) const {
  for (;;) {
    pollfd fds[] = {{end, POLLIN, 0}, {fd_.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return {};
    if (fds[0].revents != 0) return {};
    UniqueFd accepted(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (accepted && IsOurs(accepted.get())) return accepted;
    if (!accepted && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) return {};
  }
}

UniqueFd PrivateSocket::AcceptOwn() const {
  for (int i = 0; i < kMostStrangers; i++) {
    UniqueFd accepted(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted || IsOurs(accepted.get())) return accepted;
  }
  errno = EAGAIN;
  return {};
}

}  // namespace vpp_punt::libmemif
