#include "descriptor/checksum_offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "descriptor/device_index.h"
#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

namespace {

SystemError Ask(const std::string& name, ethtool_value* value) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return {errno, "socket"};
  ifreq request = RequestFor(name);
  request.ifr_data = reinterpret_cast<char*>(value);
  if (ioctl(fd.get(), SIOCETHTOOL, &request) != 0) return {errno, "checksum offload of device " + name};
  return {};
}

}  // namespace

bool HasChecksumOffload(const std::string& name) {
  ethtool_value value = {ETHTOOL_GTXCSUM, 0};
  return !Ask(name, &value) && value.data != 0;
}

SystemError SetChecksumOffload(const std::string& name, bool on) {
  ethtool_value value = {ETHTOOL_STXCSUM, on ? 1U : 0U};
  return Ask(name, &value);
}

}  // namespace vpp_punt::descriptor
