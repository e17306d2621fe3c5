// Bytes and descriptors over a UNIX socket, without the engine.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <vector>

#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

/// The bytes and descriptors of one call.
struct Arrived {
  ssize_t size;  // bytes; 0 at the end of the stream; a negative errno value
  /// With an error too: they may be of files whose close blocks, so that the caller closes them elsewhere.
  std::vector<UniqueFd> passed;
};

/// Receives into `part` without waiting. -EMFILE: this process has no room for what was passed. -E2BIG: that
/// is more than `most`.
Arrived ReceivePassed(int fd, iovec part, size_t most);

/// Sends bytes, and with the first of them all `count` descriptors, without waiting. Returns how many bytes
/// were taken, or a negative errno value.
ssize_t SendPassing(int fd, iovec part, const int* fds, size_t count);

}  // namespace vpp_punt::descriptor
