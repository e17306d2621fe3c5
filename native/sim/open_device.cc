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

#include <cerrno>
#include <cstring>

#include "util/thread.h"

namespace vpp_punt::sim {

namespace {

OpenedDevice Failed(const char* call, const std::string& on, int error) {
  OpenedDevice device;
  device.failed = {error, std::string(call) + " " + on};
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

OpenedDevice OpenPuntSocket(const std::string& path, int send_buffer, BoundPath* bound) {
  OpenedDevice device;
  device.fd.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!device.fd) return Failed("socket", path, errno);
  setsockopt(device.fd.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
  // The umask decides the mode of the file, as it does for VPP.
  device.failed = bound->Bind(device.fd.get(), path, {});
  return device;
}

OpenedDevice OpenTap(const std::string& name, const std::string& netns_path, bool is_tun) {
  if (name.size() >= IFNAMSIZ) return Failed("TUNSETIFF", name, ENAMETOOLONG);
  if (netns_path.empty()) return OpenTapHere(name, is_tun);
  const UniqueFd netns(open(netns_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns) return Failed("open", netns_path, errno);
  OpenedDevice device;
  // In a thread of its own: a thread that has changed its namespace must not run JavaScript again.
  Thread thread;
  const int error = thread.Start("tap", [&] {
    device =
        setns(netns.get(), CLONE_NEWNET) < 0 ? Failed("setns", netns_path, errno) : OpenTapHere(name, is_tun);
  });
  if (error != 0) return Failed("thread for", netns_path, error);
  thread.Join();
  return device;
}

OpenedDevice OpenPacketSocket(const std::string& name) {
  OpenedDevice device;
  const int if_index = static_cast<int>(if_nametoindex(name.c_str()));
  if (if_index == 0) return Failed("if_nametoindex", name, errno);
  // Protocol 0 receives nothing: until bind() names the interface, the frames of every interface would come.
  device.fd.Reset(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!device.fd) return Failed("socket", name, errno);
  // The socket must not receive what it sends.
  const int ignore = 1;
  setsockopt(device.fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof(ignore));
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = if_index;
  if (bind(device.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0) {
    return Failed("bind", name, errno);
  }
  device.name = name;
  device.if_index = if_index;
  return device;
}

}  // namespace vpp_punt::sim
