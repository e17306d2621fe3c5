// A system call that failed.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

namespace vpp_punt {

/// The errno value of a failed operation, and what the operation was for. False means success.
struct SystemError {
  int error = 0;
  std::string what;

  explicit operator bool() const { return error != 0; }
};

/// Why epoll does not watch a descriptor. Its ENOSPC does not mean a full disk.
inline std::string WhyNotWatched(int error) {
  return std::string(strerror(error)) + (error == ENOSPC ? " (fs.epoll.max_user_watches)" : "");
}

}  // namespace vpp_punt
