// The descriptors behind the embedded VPP's punt socket, TAPs and af_packet interfaces.
#pragma once

#include <string>

#include "util/unique_fd.h"

namespace vpp_punt::sim {

/// A device that was opened, or which call failed and why.
struct OpenedDevice {
  UniqueFd fd;
  std::string name;  // of the host interface: the kernel may have chosen it
  int if_index = 0;  // of the host interface
  int error = 0;     // errno; 0: opened
  std::string what;
};

/// A datagram socket bound to `path` (a file there is replaced), with `send_buffer` bytes of SO_SNDBUF.
OpenedDevice OpenPuntSocket(const std::string& path, int send_buffer);

/// Creates the TAP (or TUN) interface `name` in the network namespace behind `netns_path` ("": this one).
OpenedDevice OpenTap(const std::string& name, const std::string& netns_path, bool is_tun);

/// A raw socket on the host interface `name`, for every protocol.
OpenedDevice OpenPacketSocket(const std::string& name);

}  // namespace vpp_punt::sim
