// The network device that a packet socket is bound to: whether it is there and up.
#pragma once

#include <string>

#include "util/system_error.h"

namespace vpp_punt::packet_socket {

enum class LinkState { kUp, kDown, kGone };

/// Asks by the socket itself, which belongs to the device's namespace whatever that of the process is.
class Device {
 public:
  /// Of a socket that is bound to a device. `name` is what to follow when it is gone; empty: its present
  /// name.
  SystemError Open(int fd, const std::string& name);

  /// Has the socket receive the frames of all protocols.
  SystemError Receive();

  /// How the device is now. A socket whose device was removed is bound to the new device of that name.
  LinkState Look();

  const std::string& name() const { return name_; }
  int index() const { return index_; }

 private:
  int BoundIndex() const;
  LinkState StateOf(const std::string& name) const;

  int fd_ = -1;
  int index_ = 0;
  std::string name_;
};

}  // namespace vpp_punt::packet_socket
