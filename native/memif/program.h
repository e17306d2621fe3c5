// How we introduce ourselves in HELLO and INIT.
#pragma once

namespace vpp_punt::memif {

constexpr const char* kProgramName = "vpp-punt";

}  // namespace vpp_punt::memif
