// The sending side: packets for VPP, from a socket of its own that is connected to VPP's. NativePuntInjector
// in lib/native.ts.
#pragma once

#include <napi.h>

#include <array>
#include <memory>

#include "env_state.h"
#include "punt_socket/vpp_peer.h"
#include "punt_socket/wire.h"
#include "util/loop_hold.h"
#include "util/system_error.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

/// A connected socket skips the lookup of VPP's path for every packet, and reports POLLOUT correctly.
/// TypeScript has checked what is sent.
class PuntInjector : public Napi::ObjectWrap<PuntInjector> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit PuntInjector(const Napi::CallbackInfo& info);
  ~PuntInjector() override { Shutdown(); }

 private:
  // Methods of NativePuntInjector.
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value SendMany(const Napi::CallbackInfo& info);
  void WatchRoom(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  static constexpr uint32_t kBurst = 64;  // packets that the staging memory holds
  bool Stage(Napi::Env env, const Napi::CallbackInfo& info);
  SystemError Open(UniqueFd adopted);
  void OnRoom();
  void Shutdown();

  EnvState* const state_;
  UniqueFd fd_;
  VppPeer peer_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<HeldHandle<uv_poll_t>> writable_;  // null once closed
  Napi::FunctionReference on_room_;
  std::unique_ptr<Napi::AsyncContext> context_;
  Napi::Reference<Napi::Uint8Array> staging_;  // equal slots for descriptor and packet; JavaScript fills them
  Napi::Reference<Napi::Uint32Array> lengths_;
  const uint32_t* length_of_ = nullptr;
  std::array<mmsghdr, kBurst> messages_ = {};
  std::array<iovec, kBurst> vectors_ = {};
};

}  // namespace vpp_punt::punt_socket
