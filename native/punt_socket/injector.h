// The sending side: packets for VPP, on a socket of its own that is connected to VPP's. NativePuntInjector in
// lib/native.ts.
#pragma once

#include <napi.h>

#include <array>
#include <functional>
#include <memory>

#include "env_state.h"
#include "punt_socket/vpp_peer.h"
#include "punt_socket/wire.h"
#include "util/loop_hold.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

/// Connected it costs VPP's queue limit no look-up a packet, and has a POLLOUT that works. What may be sent
/// has been checked in TypeScript.
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
  void OnRoom();
  void Shutdown();

  EnvState* const state_;
  UniqueFd fd_;
  VppPeer peer_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<HeldHandle<uv_poll_t>> writable_;  // null once closed
  Napi::FunctionReference on_room_;
  std::unique_ptr<Napi::AsyncContext> context_;
  Napi::Reference<Napi::Uint8Array>
      staging_;  // slots of equal size for descriptor and packet; JavaScript fills them
  Napi::Reference<Napi::Uint32Array> lengths_;
  const uint32_t* length_of_ = nullptr;
  std::array<mmsghdr, kBurst> messages_ = {};
  std::array<iovec, kBurst> vectors_ = {};
};

}  // namespace vpp_punt::punt_socket
