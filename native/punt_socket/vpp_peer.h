// The connection of a socket to VPP's punt socket, which VPP creates at every start.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <string>

namespace vpp_punt::punt_socket {

/// Connects a datagram socket to the socket that is now at VPP's path. A restarted VPP has another socket at
/// the same path, and the kernel does not notify the client: the old connection refuses what the new VPP
/// sends.
class VppPeer {
 public:
  explicit VppPeer(std::string path) : path_(std::move(path)) {}

  /// True when the file at the path is not the connected one: Connect() is due.
  bool Moved() const;

  /// Connects; without a path it looks whether the socket, which another process has made, is connected. The
  /// kernel discards packets of another peer that are queued on the socket. Returns 0 or an errno value.
  int Connect(int fd);

  /// Looks whether a process still has the socket at the path: a VPP that was killed leaves its file. Returns
  /// 0 or an errno value.
  int Confirm(int fd);

  bool connected() const { return error_ == 0; }
  /// Why the socket is not connected: an errno value; 0 when it is.
  int error() const { return error_; }
  bool wanted() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  struct stat identity_ = {};
  int error_ = ECONNREFUSED;
};

}  // namespace vpp_punt::punt_socket
