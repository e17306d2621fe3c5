// What the addon keeps for each JavaScript environment (main thread or worker).
#pragma once

#include <napi.h>

namespace vpp_punt {

struct EnvState {
  Napi::FunctionReference error_class;  // PuntError

  static EnvState* Of(Napi::Env env) { return env.GetInstanceData<EnvState>(); }
};

}  // namespace vpp_punt
