// The exports of this folder.
#pragma once

#include <napi.h>

namespace vpp_punt {

/// Exports PuntSocket, PuntInjector and groupId: see lib/native.ts.
void InitPuntSocket(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt
