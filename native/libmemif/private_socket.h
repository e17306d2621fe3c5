// A control socket between libmemif and us, which no other process can block.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "util/unique_fd.h"

namespace vpp_punt::libmemif {

/// Whether this process is at the other end of a connected socket.
bool IsOurs(int fd);

/// A listener in the abstract namespace, under a name that the kernel chooses. Any process may connect to
/// such a name, so that its queue is as long as the system allows, no call waits, and connections of other
/// processes are turned away.
class PrivateSocket {
 public:
  PrivateSocket();

  bool listening() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// As libmemif wants it.
  std::string Name() const;

  /// A connection to this socket; none, with errno set, if the queue is full.
  UniqueFd Connect() const;
  /// The connection that the library has made; none, with errno set, if there is none.
  UniqueFd AcceptOwn() const;

 private:
  sockaddr* generic() const { return reinterpret_cast<sockaddr*>(const_cast<sockaddr_un*>(&address_)); }

  UniqueFd fd_;
  sockaddr_un address_ = {};
  socklen_t length_ = sizeof address_;
};

}  // namespace vpp_punt::libmemif
