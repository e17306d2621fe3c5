// Network devices by name, asked of a socket: the answer is of the namespace that the socket was made in.
#pragma once

#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace vpp_punt::descriptor {

/// A request about the device, for ioctl().
inline ifreq RequestFor(const std::string& name) {
  ifreq request = {};
  memcpy(request.ifr_name, name.data(), std::min(name.size(), sizeof(request.ifr_name) - 1));
  return request;
}

/// The index of the device; 0, and errno, when there is none. The C library's if_nametoindex makes a socket
/// for it, and says ENOENT when it cannot.
inline int DeviceIndex(int socket_fd, const std::string& name) {
  ifreq request = RequestFor(name);
  return ioctl(socket_fd, SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : 0;
}

}  // namespace vpp_punt::descriptor
