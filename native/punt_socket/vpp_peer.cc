#include "punt_socket/vpp_peer.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>

#include "util/unix_address.h"

namespace vpp_punt::punt_socket {

bool VppPeer::Moved() const {
  if (!wanted()) return false;
  struct stat now;
  if (stat(path_.c_str(), &now) != 0) return connected();  // VPP has gone, and its folder with it
  return !connected() || now.st_ino != identity_.st_ino || now.st_dev != identity_.st_dev ||
         now.st_ctim.tv_sec != identity_.st_ctim.tv_sec || now.st_ctim.tv_nsec != identity_.st_ctim.tv_nsec;
}

int VppPeer::Connect(int fd) {
  if (!wanted()) {
    sockaddr_un peer = {};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return error_ = errno;
    // A daemon that was killed while this process was stopped has left the socket blocked: see
    // descriptor/queue.h.
    const bool blocked = size > offsetof(sockaddr_un, sun_path) && peer.sun_path[0] == '\0';
    return error_ = blocked ? ECONNREFUSED : 0;
  }
  // Read before connecting: when the file changes in between, the next Moved() sees it.
  struct stat now = {};
  if (stat(path_.c_str(), &now) != 0) return error_ = errno;
  const UnixAddress address(path_);
  if (connect(fd, address.get(), address.size()) != 0) return error_ = errno;
  identity_ = now;
  return error_ = 0;
}

int VppPeer::Confirm(int fd) {
  const UnixAddress address(path_);
  // To the socket that it is connected to already, this changes nothing.
  if (connected() && connect(fd, address.get(), address.size()) != 0) error_ = errno;
  return error_;
}

}  // namespace vpp_punt::punt_socket
