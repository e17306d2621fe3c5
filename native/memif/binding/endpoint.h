// A port in one JavaScript environment: its events, and the queues opened there.
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
  /// `subscription` gets the port's events. `key` names the port to other environments of the process.
  /// Closing the endpoint of an `owner` closes the port.
  Endpoint(Napi::Env env, std::shared_ptr<Port> port, std::shared_ptr<Subscription> subscription, int64_t key,
           bool owner);
  ~Endpoint();

  /// The functions of NativeMemifPort in lib/native.ts.
  Napi::Object Functions();

  /// Calls `on_event(event)` from now on. Returns false if the environment has no event loop.
  bool Listen(const Napi::Function& on_event);
  /// A handler that is running keeps its burst until it returns.
  void Close();

 private:
  Napi::Value OpenRx(const Napi::CallbackInfo& info);
  Napi::Value OpenTx(const Napi::CallbackInfo& info);
  Napi::Value Stats(Napi::Env env);
  void Adopt(const Napi::CallbackInfo& info);
  void OnEvents();
  void Deliver(const PortEvent& event);
  void SetRef(bool ref);

  Napi::Env env_;
  std::shared_ptr<Port> port_;
  int64_t key_;
  bool owner_;
  bool closed_ = false;
  bool ref_ = true;
  std::shared_ptr<Subscription> subscription_;
  Napi::FunctionReference on_event_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::shared_ptr<LoopHold> hold_;  // until closed
  std::unique_ptr<HeldHandle<uv_async_t>> async_;
  std::vector<std::shared_ptr<RxBinding>> rx_;
  std::vector<std::shared_ptr<TxBinding>> tx_;
};

}  // namespace vpp_punt::memif
