// The state of the addon for each JavaScript environment (main thread or worker).
#pragma once

#include <napi.h>

#include "sim/own_folders.h"

namespace vpp_punt {

struct EnvState {
  Napi::FunctionReference error_class;       // PuntError
  Napi::FunctionReference descriptor_class;  // NativeDescriptor
  Napi::FunctionReference stats_segment;     // NativeStatsSegment
  sim::OwnFolders own_folders;               // of embedded VPPs
  uint64_t injected = 0;                     // packets sent to VPP through punt sockets

  static EnvState* Of(Napi::Env env) { return env.GetInstanceData<EnvState>(); }
};

}  // namespace vpp_punt
