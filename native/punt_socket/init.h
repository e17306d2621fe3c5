// What the punt socket's folder adds to the addon's exports.
#pragma once

#include <napi.h>

namespace vpp_punt {

/// PuntSocket, PuntInjector, groupId: see lib/native.ts.
void InitPuntSocket(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt
