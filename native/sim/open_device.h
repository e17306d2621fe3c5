// The descriptors behind the embedded VPP's punt socket, TAPs and af_packet interfaces.
#pragma once

#include <string>

#include "util/bound_path.h"
#include "util/system_error.h"
#include "util/unique_fd.h"

namespace vpp_punt::sim {

/// A device that was opened, or the call that failed.
struct OpenedDevice {
  UniqueFd fd;
  std::string name;  // of the host interface: the kernel may have chosen it
  int if_index = 0;  // of the host interface
  SystemError failed;
};

/// A datagram socket bound to `path`, with `send_buffer` bytes of SO_SNDBUF. `bound` owns the file; the file
/// of a dead process is replaced.
OpenedDevice OpenPuntSocket(const std::string& path, int send_buffer, BoundPath* bound);

/// Creates the TAP (or TUN) interface `name` in the network namespace behind `netns_path` ("": this one).
OpenedDevice OpenTap(const std::string& name, const std::string& netns_path, bool is_tun);

/// A raw socket on the host interface `name`, for every protocol.
OpenedDevice OpenPacketSocket(const std::string& name);

}  // namespace vpp_punt::sim
