// Bytes and descriptors over a UNIX socket, without the engine.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <vector>

#include "util/unique_fd.h"

namespace vpp_punt {

/// The most descriptors that Linux takes beside one message (SCM_MAX_FD).
constexpr size_t kMostPassed = 253;

/// Room for them, and for other control messages. Every receiver of messages from strangers needs it, even if
/// no descriptors belong to its messages: the kernel closes what has no room, in the thread that receives.
struct PassedRoom {
  alignas(cmsghdr) char bytes[CMSG_SPACE(kMostPassed * sizeof(int)) + 256];
};

/// The descriptors beside a message that was received with room for them. They are foreign.
std::vector<UniqueFd> PassedBeside(msghdr* message);

/// The bytes and descriptors of one call.
struct Arrived {
  ssize_t size;  // bytes; 0 at the end of the stream; a negative errno value
  std::vector<UniqueFd> passed;
};

/// Receives into `part` without waiting. -EMFILE: this process has no room for what was passed. -E2BIG: that
/// is more than `most`.
Arrived ReceivePassed(int fd, iovec part, size_t most);

/// Sends bytes, and with the first of them all `count` descriptors, without waiting. Returns how many bytes
/// were taken, or a negative errno value.
ssize_t SendPassing(int fd, iovec part, const int* fds, size_t count);

}  // namespace vpp_punt
