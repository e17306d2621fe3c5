// The library's handshake, with us at the other end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "memif/control/channel.h"
#include "memif/shared/link.h"

namespace vpp_punt::libmemif {

/// Lets the library take and answer what it has been sent.
using Pump = std::function<void()>;

/// As a client of the library's, with private rings like those of `link` in region 0, and the regions of
/// `link` after it. Null with `fault` when the library has something against them.
std::shared_ptr<memif::Link> IntroduceClient(const memif::Link& link, memif::Channel& channel,
                                             const Pump& pump, std::string* fault);

/// As a server of the library's that allows as many rings as `link` has. Null with `fault`, likewise.
std::shared_ptr<memif::Link> IntroduceServer(const memif::Link& link, memif::Channel& channel,
                                             const Pump& pump, std::string* fault);

}  // namespace vpp_punt::libmemif
