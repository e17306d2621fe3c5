// Exact-match tables in JavaScript.
#pragma once

#include <napi.h>

namespace vpp_punt::filter {

/// tableOpen(kind, is it Ethernet, capacity): NativeMatchTable of lib/native.ts.
Napi::Value OpenTable(const Napi::CallbackInfo& info);

}  // namespace vpp_punt::filter
