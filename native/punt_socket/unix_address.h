// A path as the address of an AF_UNIX socket.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

namespace vpp_punt::punt_socket {

/// The longest path that an address holds with the NUL behind it, which VPP expects.
constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

class UnixAddress {
 public:
  /// A path longer than kMaxPath is cut off: check before.
  explicit UnixAddress(const std::string& path) {
    address_.sun_family = AF_UNIX;
    memcpy(address_.sun_path, path.data(), path.size() < kMaxPath ? path.size() : kMaxPath);
  }

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&address_); }
  socklen_t size() const { return sizeof(address_); }

 private:
  sockaddr_un address_ = {};
};

}  // namespace vpp_punt::punt_socket
