// Addresses of control sockets: a path, or '@name' for Linux's abstract namespace.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

namespace vpp_punt::memif {

struct Address {
  /// `name` has been checked to fit.
  explicit Address(const std::string& name);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

  sockaddr_un address = {};
  socklen_t length = 0;
  bool abstract = false;
};

}  // namespace vpp_punt::memif
