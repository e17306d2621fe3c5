#include "libmemif/private_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

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

UniqueFd PrivateSocket::AcceptOwn() const {
  for (int i = 0; i < kMostStrangers; i++) {
    UniqueFd accepted(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted || IsOurs(accepted.get())) return accepted;
  }
  errno = EAGAIN;
  return {};
}

}  // namespace vpp_punt::libmemif
