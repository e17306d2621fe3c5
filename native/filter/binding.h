// Packet filters in JavaScript.
#pragma once

#include <napi.h>

namespace vpp_punt::filter {

/// Exports filterCompile and filterOpen.
void InitFilter(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt::filter
