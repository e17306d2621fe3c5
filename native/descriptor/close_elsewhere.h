// Closing what strangers have passed.
#pragma once

#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

/// Closes the descriptor on a thread that nothing waits for. close() may wait for as long as the passer
/// likes: for a file system of its own (FUSE), or for a TCP connection that lingers.
void CloseElsewhere(UniqueFd fd);

}  // namespace vpp_punt::descriptor
