// A UNIX stream or sequenced-packet socket that listens at a path.
#pragma once

#include <napi.h>

#include <memory>

#include "util/bound_path.h"
#include "util/loop_hold.h"
#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

/// NativePassingListener in lib/native.ts.
class Listener : public Napi::ObjectWrap<Listener> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit Listener(const Napi::CallbackInfo& info);
  ~Listener() override { Shut(); }

 private:
  // Methods of NativePassingListener.
  void Watch(const Napi::CallbackInfo& info);
  void SetRef(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  SystemError Open(const Napi::CallbackInfo& info);
  void Accept();
  void Shut();

  UniqueFd fd_;
  BoundPath bound_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<HeldHandle<uv_poll_t>> poll_;
  Napi::FunctionReference on_connection_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace vpp_punt::descriptor
