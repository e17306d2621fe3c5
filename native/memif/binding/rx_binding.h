// A receive queue as JavaScript has it.
#pragma once

#include <napi.h>

#include <memory>

#include "memif/binding/queue_table.h"
#include "memif/port/port.h"
#include "util/loop_hold.h"

namespace vpp_punt::memif {

enum class RxMode { kInterrupt, kPolling, kAdaptive };

/// Bursts go to `onBurst(count)` when a doorbell rings (interrupt, adaptive), or are pulled by `burst()`
/// (polling).
class RxBinding : public std::enable_shared_from_this<RxBinding> {
 public:
  /// `options`: NativeMemifRxOptions of lib/native.ts. `hold`: the port's, for the handles of this queue.
  RxBinding(Napi::Env env, std::shared_ptr<LoopHold> hold, std::shared_ptr<Port> port, size_t index,
            napi_value options);
  ~RxBinding();

  /// False when the options could not be read, for the thread is being terminated.
  bool usable() const { return table_.usable() && !on_burst_.IsEmpty(); }

  /// The functions of NativeMemifRx in lib/native.ts.
  Napi::Object Functions();

  /// Takes up the current connection, having handed on what the old one has left.
  void FinishOld();
  void Attach();
  /// The first time: what a connection has left that ended before anybody received is handed on, then the
  /// current one is taken up.
  void Open();
  /// Gives the queue up. Nothing is called any more.
  void Close();
  void SetReferenced(bool referenced);

 private:
  void RenewScratch();
  Napi::Value MemoryBuffer(uint32_t index);
  uint32_t Burst(uint32_t max);
  void Release();
  Napi::Value Retain(uint32_t i);
  void OnDoorbell();
  void OnIdle();
  /// Hands on bursts up to the budget; true when the ring is empty.
  bool Run();
  /// False when no more JavaScript can be run.
  bool Call(uint32_t count);
  void StartPolling();
  void StopPolling();

  Napi::Env env_;
  std::shared_ptr<Port> port_;  // keeps queue_
  RxQueue& queue_;
  RxMode mode_;
  QueueTable table_;
  std::shared_ptr<Region> scratch_;
  Napi::ObjectReference scratch_array_;  // keeps a scratch of JavaScript's
  Napi::FunctionReference on_burst_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::shared_ptr<LoopHold> hold_;               // until closed
  std::unique_ptr<HeldHandle<uv_poll_t>> poll_;  // while there is a doorbell to wait on
  std::unique_ptr<HeldHandle<uv_idle_t>> idle_;  // while the ring is looked at every turn
  uint32_t empty_rounds_ = 0;
  bool behind_ = false;  // opened on a connection that had ended, whose events are past: no event says go on
  bool copy_all_ = false;
  bool closed_ = false;
  bool referenced_ = true;
};

}  // namespace vpp_punt::memif
