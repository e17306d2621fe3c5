// The exports of the folder of descriptors.
#pragma once

#include <napi.h>

namespace vpp_punt {

/// Descriptor, PassingSocket, PassingListener and the functions about descriptors: see lib/native.ts.
void InitDescriptor(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt
