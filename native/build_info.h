// How this binary was built, for `vpp-punt info`.
#pragma once

#include <napi.h>

namespace vpp_punt {

/// Exports buildInfo(): see NativeBuildInfo in lib/native.ts.
void InitBuildInfo(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt
