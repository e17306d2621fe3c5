#include "packet_socket/device.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "descriptor/device_index.h"

namespace vpp_punt::packet_socket {

namespace {

/// Empty when there is no such device.
std::string NameOf(int fd, int index) {
  ifreq request = {};
  request.ifr_ifindex = index;
  return ioctl(fd, SIOCGIFNAME, &request) == 0 ? request.ifr_name : "";
}

}  // namespace

SystemError Device::Open(int fd, const std::string& name) {
  fd_ = fd;
  index_ = BoundIndex();
  if (index_ == 0) return {EINVAL, "a packet socket that is bound to a device is expected"};
  name_ = name.empty() ? NameOf(fd, index_) : name;
  if (name_.empty()) return {ENODEV, "the socket's device"};
  return {};
}

SystemError Device::Receive() {
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index_;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return {bind(fd_, generic, sizeof(address)) == 0 ? 0 : errno, "bind to device " + name_};
}

LinkState Device::Look() {
  if (BoundIndex() > 0) {
    const std::string now = NameOf(fd_, index_);  // it may have been renamed
    if (!now.empty()) return StateOf(now);
  }
  const int successor = descriptor::DeviceIndex(fd_, name_);
  if (successor == 0) return LinkState::kGone;
  index_ = successor;
  return Receive().error == 0 ? StateOf(name_) : LinkState::kGone;
}

/// Negative once the device is gone; 0 for a socket that is not bound.
int Device::BoundIndex() const {
  sockaddr_ll address = {};
  socklen_t size = sizeof(address);
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return address.sll_family == AF_PACKET ? address.sll_ifindex : 0;
}

LinkState Device::StateOf(const std::string& name) const {
  ifreq request = descriptor::RequestFor(name);
  if (ioctl(fd_, SIOCGIFFLAGS, &request) != 0) return LinkState::kGone;
  return request.ifr_flags & IFF_UP ? LinkState::kUp : LinkState::kDown;
}

}  // namespace vpp_punt::packet_socket
