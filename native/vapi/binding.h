// libvapiclient for JavaScript.
#pragma once

#include <napi.h>

namespace vpp_punt::vapi {

/// Exports VapiBridge: see NativeVapiBridge in lib/native.ts.
void InitVapi(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt::vapi
