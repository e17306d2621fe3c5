#include "sim/open_device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace vpp_punt::sim {

namespace {

OpenedDevice Failed(const char* call, const std::string& on, int error) {
  OpenedDevice device;
  device.error = error;
  device.what = std::string(call) + " " + on;
  return device;
}

void CopyName(const std::string& name, char (&into)[IFNAMSIZ]) {
  memcpy(into, name.data(), name.size() < IFNAMSIZ ? name.size() : IFNAMSIZ - 1);
}

OpenedDevice OpenTapHere(const std::string& name, bool is_tun) {
  OpenedDevice device;
  device.fd.Reset(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device.fd) return Failed("open", "/dev/net/tun", errno);
  ifreq request = {};
  CopyName(name, request.ifr_name);
  request.ifr_flags = static_cast<short>((is_tun ? IFF_TUN : IFF_TAP) | IFF_NO_PI);
  if (ioctl(device.fd.get(), TUNSETIFF, &request) < 0) return Failed("TUNSETIFF", name, errno);
  device.name = request.ifr_name;
  device.if_index = static_cast<int>(if_nametoindex(request.ifr_name));
  return device;
}

}  // namespace

OpenedDevice OpenPuntSocket(const std::string& path, int send_buffer) {
  OpenedDevice device;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Failed("bind", path, ENAMETOOLONG);
  memcpy(address.sun_path, path.data(), path.size());
  device.fd.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!device.fd) return Failed("socket", path, errno);
  setsockopt(device.fd.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
  unlink(path.c_str());
  if (bind(device.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0) {
    return Failed("bind", path, errno);
  }
  return device;
}

OpenedDevice OpenTap(const std::string& name, const std::string& netns_path, bool is_tun) {
  if (name.size() >= IFNAMSIZ) return Failed("TUNSETIFF", name, ENAMETOOLONG);
  if (netns_path.empty()) return OpenTapHere(name, is_tun);
  UniqueFd netns(open(netns_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns) return Failed("open", netns_path, errno);
  OpenedDevice device;
  // In a thread of its own: a thread that has changed its namespace must not run JavaScript again.
  std::thread([&] {
    device =
        setns(netns.get(), CLONE_NEWNET) < 0 ? Failed("setns", netns_path, errno) : OpenTapHere(name, is_tun);
  }).join();
  return device;
}

OpenedDevice OpenPacketSocket(const std::string& name) {
  OpenedDevice device;
  const int if_index = static_cast<int>(if_nametoindex(name.c_str()));
  if (if_index == 0) return Failed("if_nametoindex", name, errno);
  const int protocol = htons(ETH_P_ALL);
  device.fd.Reset(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!device.fd) return Failed("socket", name, errno);
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = static_cast<unsigned short>(protocol);
  address.sll_ifindex = if_index;
  if (bind(device.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0) {
    return Failed("bind", name, errno);
  }
  // What this socket itself sends must not come back to it.
  const int ignore = 1;
  setsockopt(device.fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof(ignore));
  device.name = name;
  device.if_index = if_index;
  return device;
}

}  // namespace vpp_punt::sim
