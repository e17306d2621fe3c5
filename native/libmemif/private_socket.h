// A control socket between libmemif and us, which no other process can block.
#pragma once

#include <functional>
#include <string>

#include "util/unique_fd.h"
#include "util/unix_address.h"

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
  std::string Name() const { return address_.Text(); }

  /// A connection to this socket; none, with errno set, if the queue is full.
  UniqueFd Connect() const;
  /// The connection that the library makes in `connect`; none, with errno set, if there is none. The
  /// library's socket waits for room in the queue, so that a thread takes the connections of other processes
  /// away.
  UniqueFd AcceptOwnDuring(const std::function<void()>& connect) const;

 private:
  UniqueFd AcceptOwn() const;
  /// Accepts until `end` can be read: the connection of this process, if it comes.
  UniqueFd AcceptUntil(int end) const;

  UniqueFd fd_;
  UnixAddress address_{""};
};

}  // namespace vpp_punt::libmemif
