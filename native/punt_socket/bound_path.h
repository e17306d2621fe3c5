// The file of a bound socket: made with the mode and group asked for, removed again.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "util/system_error.h"

namespace vpp_punt::punt_socket {

/// A path in the file system that a socket of this process is bound to. Removed when this object goes, and
/// when the process exits without having got round to that; never when somebody else's file has taken its
/// place.
class BoundPath {
 public:
  BoundPath() = default;
  ~BoundPath() { Remove(); }
  BoundPath(const BoundPath&) = delete;
  BoundPath& operator=(const BoundPath&) = delete;

  /// Binds the datagram or stream socket. Replaces the file of a dead process; EADDRINUSE when its owner
  /// lives, EEXIST when it is no socket.
  SystemError Bind(int fd, const std::string& path, mode_t mode, std::optional<gid_t> group);

  void Remove();

  /// Leaves the file where it is, also when this process ends.
  void Keep();

 private:
  std::string path_;
  struct stat identity_ = {};
};

}  // namespace vpp_punt::punt_socket
