// The queue of another process's punt socket, while that process is stopped.
#pragma once

#include <napi.h>

namespace vpp_punt::descriptor {

/// takeDescriptor, queueLength, blockDatagrams, unblockDatagrams: see lib/native.ts.
void InitQueue(Napi::Env env, Napi::Object exports);

}  // namespace vpp_punt::descriptor
