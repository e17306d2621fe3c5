// The file of a bound AF_UNIX socket.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "util/system_error.h"

namespace vpp_punt {

/// How a socket is bound.
struct BindOptions {
  /// Permissions of the file; without a value the umask decides.
  std::optional<mode_t> mode;
  /// Group of the file; without a value the process's group.
  std::optional<gid_t> group;
  /// The backlog of listen(), which follows bind() under the same lock; 0 does not listen.
  int backlog = 0;
};

/// A path in the file system that a socket of this process is bound to. The destructor removes the file; so
/// does exit(), which runs no destructor of an addon. A file that another process has put in its place stays.
class BoundPath {
 public:
  BoundPath() = default;
  ~BoundPath() { Remove(); }
  BoundPath(const BoundPath&) = delete;
  BoundPath& operator=(const BoundPath&) = delete;

  /// Binds the socket, and listens if asked to. Replaces the socket file of a dead process, under a lock, so
  /// that two processes never own one path. EADDRINUSE: a living process owns it; EEXIST: something other
  /// than a socket is there. An abstract name (`@name`) has no file: the kernel alone keeps it unique.
  SystemError Bind(int fd, const std::string& path, const BindOptions& options);

  /// Removes the file of a datagram socket that no process has any more, under the lock of Bind. EADDRINUSE:
  /// a process has it; EEXIST: something other than a socket is there.
  static SystemError RemoveStale(const std::string& path);

  void Remove();

  /// Leaves the file where it is, also at the end of the process: another owner of the socket removes it.
  void Keep();

 private:
  SystemError BindFile(int fd, const std::string& path, const BindOptions& options);

  std::string path_;
  struct stat identity_ = {};
};

}  // namespace vpp_punt
