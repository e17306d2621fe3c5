// Closing what strangers have passed.
#pragma once

namespace vpp_punt {

/// Closes the descriptor on a thread that nothing waits for. close() may wait for as long as the passer
/// likes: for a file system of its own (FUSE), or for a TCP connection that lingers. There are at most 64
/// such threads: while all of them wait, further descriptors stay open.
void CloseElsewhere(int fd);

}  // namespace vpp_punt
