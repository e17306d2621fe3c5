// The functions of memif for JavaScript.
#pragma once

#include <napi.h>

namespace vpp_punt {

/// memifOpen, memifAttach, detachArrayBuffer.
void InitMemif(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt
