#include "util/passing.h"

#include <cerrno>
#include <cstring>

namespace vpp_punt {

std::vector<UniqueFd> PassedBeside(msghdr* message) {
  std::vector<UniqueFd> passed;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
      passed.push_back(UniqueFd::Foreign(fd));
    }
  }
  return passed;
}

Arrived ReceivePassed(int fd, iovec part, size_t most) {
  PassedRoom room;
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.bytes;
  message.msg_controllen = sizeof(room.bytes);
  Arrived arrived = {recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), {}};
  if (arrived.size < 0) return {-errno, {}};
  arrived.passed = PassedBeside(&message);
  // With room for all that Linux passes, only a full table of descriptors cuts them off.
  if (message.msg_flags & MSG_CTRUNC) {
    arrived.size = -EMFILE;
  } else if (arrived.passed.size() > most) {
    arrived.size = -E2BIG;
  }
  return arrived;
}

ssize_t SendPassing(int fd, iovec part, const int* fds, size_t count) {
  PassedRoom room = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0 && count <= kMostPassed) {
    message.msg_control = room.bytes;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
  }
  const ssize_t size = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return size < 0 ? -errno : size;
}

}  // namespace vpp_punt
