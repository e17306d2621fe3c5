// The exports of the addon, and its state for each environment.
#include <napi.h>

#include "api_socket/api_socket.h"
#include "backends.h"
#include "build_info.h"
#include "descriptor/init.h"
#include "env_state.h"
#include "filter/binding.h"
#include "memif/binding/memif.h"
#include "packet_socket/packet_socket.h"
#include "punt_socket/init.h"
#include "sim/frame_port.h"
#include "sim/own_folders.h"
#include "stats/segment.h"

#if VPP_PUNT_HAS_VAPI
#include "vapi/binding.h"
#endif

namespace vpp_punt {

namespace {

/// initialize(PuntError): each environment calls this once, before anything else.
void Initialize(const Napi::CallbackInfo& info) {
  EnvState::Of(info.Env())->error_class = Napi::Persistent(info[0].As<Napi::Function>());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new EnvState());
  exports.Set("initialize", Napi::Function::New(env, Initialize, "initialize"));
  InitBuildInfo(env, exports);
  filter::InitFilter(env, exports);
  InitMemif(env, exports);
  ApiSocket::Init(env, exports);
  StatsSegment::Init(env, exports);
  InitDescriptor(env, exports);
  packet_socket::PacketSocket::Init(env, exports);
  InitPuntSocket(env, exports);
  exports.Set("SimFramePort", sim::FramePort::Define(env));
  exports.Set("makeOwnFolder", Napi::Function::New(env, sim::OwnFolders::Make, "makeOwnFolder"));
  exports.Set("removeOwnFolder", Napi::Function::New(env, sim::OwnFolders::Remove, "removeOwnFolder"));
#if VPP_PUNT_HAS_VAPI
  vapi::InitVapi(env, exports);
#endif
  return exports;
}

}  // namespace

}  // namespace vpp_punt

// The macro takes a plain name.
using vpp_punt::Init;
NODE_API_MODULE(vpp_punt, Init)
