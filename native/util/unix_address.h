// Addresses of AF_UNIX sockets.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

namespace vpp_punt {

/// A path in the file system, or `@name` in Linux's abstract namespace.
class UnixAddress {
 public:
  /// The longest path that leaves room for the NUL, which VPP expects.
  static constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

  /// Whether an address can hold the path.
  static bool Fits(const std::string& path) { return !path.empty() && path.size() <= kMaxPath; }

  /// The constructor cuts off a path that does not fit: check before.
  explicit UnixAddress(const std::string& path) : abstract_(!path.empty() && path[0] == '@') {
    const size_t length = std::min(path.size(), kMaxPath);
    address_.sun_family = AF_UNIX;
    memcpy(address_.sun_path, path.data(), length);
    // The length of an abstract name counts: VPP and libmemif count no NUL.
    if (abstract_) address_.sun_path[0] = '\0';
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (abstract_ ? 0 : 1));
  }

  /// Takes the address that a socket is bound to. False, with errno set, if the kernel does not give it.
  bool ReadFrom(int fd) {
    size_ = sizeof address_;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address_), &size_) != 0) return false;
    abstract_ = size_ > offsetof(sockaddr_un, sun_path) && address_.sun_path[0] == '\0';
    return true;
  }

  /// The path, or `@name`.
  std::string Text() const {
    if (!abstract_) return address_.sun_path;
    return "@" + std::string(address_.sun_path + 1, size_ - offsetof(sockaddr_un, sun_path) - 1);
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return size_; }
  bool abstract() const { return abstract_; }

 private:
  sockaddr_un address_ = {};
  socklen_t size_ = 0;
  bool abstract_;
};

}  // namespace vpp_punt
