// Fetches the file descriptor of VPP's statistics segment from its stats socket; lib/binapi/stats reads it.
#pragma once

#include <napi.h>

namespace vpp_punt {

void InitStats(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt
