// A port as one JavaScript environment has it: its events, and the queues opened there.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "memif/binding/rx_binding.h"
#include "memif/binding/tx_binding.h"
#include "memif/port/port.h"
#include "util/loop_hold.h"

namespace vpp_punt::memif {

class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  /// `subscription`: to the port's events. `key`: names the port to other environments of the process.
  /// `owner`: closing this endpoint closes the port.
  Endpoint(Napi::Env env, std::shared_ptr<Port> port, std::shared_ptr<Subscription> subscription,
           uint32_t key, bool owner);
  ~Endpoint();

  /// The functions of NativeMemifPort in lib/native.ts.
  Napi::Object Functions();

  /// `on_event(event)` is called from now on; false without an event loop.
  bool Listen(const Napi::Function& on_event);
  void Close();

 private:
  Napi::Value OpenRx(const Napi::CallbackInfo& info);
  Napi::Value OpenTx(const Napi::CallbackInfo& info);
  Napi::Value Statistics(Napi::Env env);
  void OnEvents();
  void Deliver(const PortEvent& event);
  void SetReferenced(bool referenced);

  Napi::Env env_;
  std::shared_ptr<Port> port_;
  uint32_t key_;
  bool owner_;
  bool closed_ = false;
  bool referenced_ = true;
  std::shared_ptr<Subscription> subscription_;
  Napi::FunctionReference on_event_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::shared_ptr<LoopHold> hold_;  // until closed
  std::unique_ptr<HeldHandle<uv_async_t>> async_;
  std::vector<std::shared_ptr<RxBinding>> rx_;
  std::vector<std::shared_ptr<TxBinding>> tx_;
};

}  // namespace vpp_punt::memif
