#include "descriptor/move_device.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "descriptor/device_index.h"
#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

namespace {

/// Linux answers at once, holding a lock that others may have for long.
constexpr timeval kPatience = {10, 0};

/// A RTM_NEWLINK message (man 7 rtnetlink), grown attribute by attribute.
class LinkRequest {
 public:
  explicit LinkRequest(int index) {
    header()->nlmsg_len = NLMSG_LENGTH(sizeof(ifinfomsg));
    header()->nlmsg_type = RTM_NEWLINK;
    header()->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    static_cast<ifinfomsg*>(NLMSG_DATA(header()))->ifi_index = index;
  }

  /// Of at most IFNAMSIZ bytes.
  void Add(unsigned short type, const void* data, size_t size) {
    auto* attribute = reinterpret_cast<rtattr*>(buffer_ + NLMSG_ALIGN(header()->nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
    memcpy(RTA_DATA(attribute), data, size);
    header()->nlmsg_len = NLMSG_ALIGN(header()->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  }

  const void* data() const { return buffer_; }
  size_t size() { return header()->nlmsg_len; }

 private:
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_); }

  alignas(nlmsghdr) char buffer_[256] = {};
};

/// The errno value of Linux's acknowledgement.
int ReadAcknowledgement(int fd) {
  alignas(nlmsghdr) char buffer[4096];
  const ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
  if (size < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
  if (static_cast<size_t>(size) < NLMSG_LENGTH(sizeof(nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR)
    return EPROTO;
  return -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
}

}  // namespace

SystemError MoveDevice(const std::string& name, int netns_fd, const std::string& new_name) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return {errno, "netlink socket"};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  const int index = DeviceIndex(fd.get(), name);
  if (index == 0) return {errno, "device " + name};
  LinkRequest request(index);
  const int target = netns_fd;
  request.Add(IFLA_NET_NS_FD, &target, sizeof(target));
  if (!new_name.empty()) request.Add(IFLA_IFNAME, new_name.c_str(), new_name.size() + 1);
  if (send(fd.get(), request.data(), request.size(), 0) < 0) return {errno, "netlink"};
  return {ReadAcknowledgement(fd.get()), "move device " + name};
}

}  // namespace vpp_punt::descriptor
