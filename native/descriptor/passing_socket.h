// A connected UNIX stream socket that passes descriptors, for lib/descriptor, which does the framing and the
// deadlines. Node's net.Socket closes what a peer passes.
#pragma once

#include <napi.h>

#include <memory>

#include "util/loop_hold.h"
#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

/// NativePassingSocket in lib/native.ts. No call waits.
class PassingSocket : public Napi::ObjectWrap<PassingSocket> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit PassingSocket(const Napi::CallbackInfo& info);
  ~PassingSocket() override { Shut(); }

 private:
  // Methods of NativePassingSocket.
  Napi::Value Number(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  void Watch(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void OnEvents();
  void Shut();

  UniqueFd fd_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<HeldHandle<uv_poll_t>> poll_;
  Napi::FunctionReference on_ready_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace vpp_punt::descriptor
