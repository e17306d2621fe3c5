// The kernel's facts about the other end of a UNIX socket or a pipe.
#pragma once

#include <napi.h>

namespace vpp_punt::descriptor {

/// peerCredentials, peerPidfd, processIsAlive, hasReader, refuseDescriptors, lockDescriptor: see
/// lib/native.ts.
void InitCredentials(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt::descriptor
