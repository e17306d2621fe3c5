// A receive queue in JavaScript.
#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "memif/binding/queue_table.h"
#include "memif/binding/selection.h"
#include "memif/port/port.h"
#include "util/anticipation.h"
#include "util/fd_poll.h"
#include "util/loop_hold.h"
#include "util/mapping.h"
#include "util/system_error.h"

namespace vpp_punt::memif {

enum class RxMode { kInterrupt, kPolling, kAdaptive };

/// Calls `onBurst(count)` with bursts when a doorbell rings (interrupt, adaptive), or waits for `burst()`
/// (polling).
class RxBinding : public std::enable_shared_from_this<RxBinding> {
 public:
  /// `options` are NativeMemifRxOptions of lib/native.ts. `hold` is the port's, for the handles of this
  /// queue.
  RxBinding(Napi::Env env, std::shared_ptr<LoopHold> hold, std::shared_ptr<Port> port, size_t index,
            napi_value options);
  ~RxBinding();

  /// False if there is no memory (`error()`), or the options could not be read, because the thread is being
  /// terminated.
  bool usable() const { return !error_ && table_.usable() && !on_burst_.IsEmpty(); }
  const SystemError& error() const { return error_; }

  /// The functions of NativeMemifRx in lib/native.ts.
  Napi::Object Functions();

  /// Delivers what the ended connection has left.
  void FinishOld();
  /// Switches to the current connection.
  void Attach();
  /// The same for the first time: a connection that ended before the queue was opened may have left packets,
  /// which come first.
  void Open();
  /// Gives the queue up, and calls nothing any more. A running handler keeps its burst until it returns.
  void Close();
  void SetRef(bool ref);

 private:
  /// A transmit queue of any port of this thread, which packets are passed on to.
  struct Target {
    std::shared_ptr<Port> port;
    size_t index;
    uint32_t past_owners;  // of the queue, when it became a target

    /// Null once this thread has closed the queue: another thread may have it.
    TxQueue* queue() const {
      TxQueue& queue = port->tx(index);
      return queue.past_owners() == past_owners ? &queue : nullptr;
    }
  };

  void Finish();
  void MakeScratch();
  void RenewScratch();
  Napi::Value MemoryBuffer(uint32_t index);
  uint32_t Burst(uint32_t max);
  uint32_t TakeBurst(uint32_t max);
  uint32_t Select(uint32_t taken);
  void SetFilter(Napi::Value rules);
  void PassRest();
  void CountPassed(uint32_t sent, uint32_t given);
  void Release();
  napi_value AddTarget(napi_callback_info info);
  void BoundBy(uint32_t target);
  TxQueue* Bound() const { return bound_ ? targets_[*bound_].queue() : nullptr; }
  uint32_t PassOn(napi_env env, napi_callback_info info);
  SlotBudget Room(uint32_t max);
  bool StandsStill(uint64_t place, bool blocked);
  Napi::Value Retain(uint32_t i);
  void GiveBack(uint64_t token);
  /// `events`: 0 after an error of the doorbell.
  void OnDoorbell(int events);
  void OnIdle();
  /// Delivers bursts up to the budget. Returns true if the ring is empty.
  bool Run();
  bool RunOrLook();
  /// Returns false if no more JavaScript can run.
  bool Call(uint32_t count);
  uint64_t Sent() const;
  void StartPolling();
  void StopPolling();
  void ForgetIdle();
  void TakeMask();
  void Mask(bool masked);
  void Look();
  bool LooksOn(bool came, bool answered);

  Napi::Env env_;
  std::shared_ptr<Port> port_;  // keeps queue_
  RxQueue& queue_;
  RxMode mode_;
  QueueTable table_;
  std::shared_ptr<Mapping> scratch_;
  Napi::ObjectReference scratch_array_;  // keeps a scratch memory of JavaScript's
  SystemError error_;
  Napi::FunctionReference on_burst_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::shared_ptr<LoopHold> hold_;               // until closed
  std::unique_ptr<FdPoll> poll_;                 // while there is a doorbell to wait on
  std::unique_ptr<HeldHandle<uv_idle_t>> idle_;  // while the ring is looked at every turn
  std::vector<Target> targets_;
  std::optional<size_t> bound_;    // number of a target
  bool blocked_ = false;           // the last burst was none because `bound_` has no room
  bool short_of_room_ = false;     // it has too little for the next packet
  uint64_t blocked_place_ = 0;     // how far its peer had read at the last look
  uint64_t blocked_since_ns_ = 0;  // 0: there was room ever since
  uint32_t blocked_looks_ = 0;
  uint64_t came_ns_ = 0;          // when the last packet came, or polling began
  bool masked_ = false;           // the flag tells the peer not to ring the doorbell
  uint64_t gather_until_ns_ = 0;  // 0: packets are taken at each turn
  uint64_t settled_ns_ = 0;       // when the peer has surely seen that it is to ring again
  Anticipation anticipation_;
  uint64_t look_until_ns_ = 0;  // 0: does not wait for a packet that follows an answer
  /// Opened on a connection that had ended, whose events are past: no event starts the next one.
  bool behind_ = false;
  bool copy_all_ = false;
  std::shared_ptr<filter::Rules> rules_;  // for the next burst
  std::unique_ptr<Selection> selection_;  // null without a filter
  bool renews_selection_ = false;         // `rules_` are new
  uint64_t taken_ = 0;                    // packets, those dropped by the filter included
  uint64_t filter_passed_ = 0, filter_refused_ = 0, filter_dropped_ = 0;
  bool closed_ = false;
  bool finished_ = false;  // closed, and no burst is lent
  bool ref_ = true;
  bool lent_ = false;  // a burst is with the handler
  std::map<uint64_t, std::shared_ptr<BufferPool>>
      kept_;  // of retained packets, by token: whose the buffer is
};

}  // namespace vpp_punt::memif
