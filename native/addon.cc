// The addon's exports and its per-environment state; everything else is in the folders beside this file.
#include <napi.h>

#include "api_socket/api_socket.h"
#include "backends.h"
#include "build_info.h"
#include "descriptor/init.h"
#include "env_state.h"
#include "memif/binding/memif.h"
#include "punt_socket/init.h"
#include "sim/frame_port.h"
#include "stats/stats_fd.h"

#if VPP_PUNT_HAS_VAPI
#include "vapi/binding.h"
#endif

namespace vpp_punt {

/// initialize(PuntError): must be called once per environment before anything else.
static void Initialize(const Napi::CallbackInfo& info) {
  EnvState::Of(info.Env())->error_class = Napi::Persistent(info[0].As<Napi::Function>());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new EnvState());
  exports.Set("initialize", Napi::Function::New(env, Initialize, "initialize"));
  InitBuildInfo(env, exports);
  InitMemif(env, exports);
  InitApiSocket(env, exports);
  InitStats(env, exports);
  InitDescriptor(env, exports);
  InitPuntSocket(env, exports);
  exports.Set("SimFramePort", sim::FramePort::Define(env));
#if VPP_PUNT_HAS_VAPI
  vapi::InitVapi(env, exports);
#endif
  return exports;
}

}  // namespace vpp_punt

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return vpp_punt::Init(env, exports);
}

NODE_API_MODULE(vpp_punt, InitAddon)
