// A socket's connection to VPP's punt socket, which VPP makes anew whenever it starts.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <string>

namespace vpp_punt::punt_socket {

/// Connects a datagram socket to whatever socket is now at VPP's path. A restarted VPP is another socket at
/// the same path, and nothing tells the client: its old connection just refuses what the new VPP sends.
class VppPeer {
 public:
  explicit VppPeer(std::string path) : path_(std::move(path)) {}

  /// True when the file at the path is not the one connected to, so that Connect() is due.
  bool Moved() const;

  /// Connects. Discards what is queued on the socket when that came from another peer. Returns 0 or an errno
  /// value.
  int Connect(int fd);

  /// The peer turned out to be gone.
  void Lost() { error_ = ECONNREFUSED; }

  bool connected() const { return error_ == 0; }
  /// Why it is not connected: an errno value, 0 when it is.
  int error() const { return error_; }
  bool wanted() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  struct stat identity_ = {};
  int error_ = ECONNREFUSED;
};

}  // namespace vpp_punt::punt_socket
