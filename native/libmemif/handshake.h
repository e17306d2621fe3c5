// The library's handshake, with us at the other end.
#pragma once

#include <functional>
#include <memory>

#include "memif/control/channel.h"
#include "memif/shared/fault.h"
#include "memif/shared/link.h"

namespace vpp_punt::libmemif {

/// Lets the library read its messages, and answer.
using RunLibrary = std::function<void()>;

/// Connects as a client of the library's, with private rings like those of `link` in region 0, and the
/// regions of `link` after it. Returns null with `fault` if the library refuses.
std::shared_ptr<memif::Link> ConnectAsClient(const memif::Link& link, memif::Channel& channel,
                                             const RunLibrary& run, memif::Fault* fault);

/// Connects as a server of the library's that allows as many rings as `link` has. Returns null with `fault`,
/// likewise.
std::shared_ptr<memif::Link> ConnectAsServer(const memif::Link& link, memif::Channel& channel,
                                             const RunLibrary& run, memif::Fault* fault);

}  // namespace vpp_punt::libmemif
