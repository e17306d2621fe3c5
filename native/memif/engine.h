// What the binding needs of a memif engine, a burst at a time. `builtin_port.h` is ours; one over the
// system's libmemif fits in beside it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "memif/region.h"
#include "memif/session.h"
#include "memif/settings.h"

namespace vpp_punt::memif {

/// Where a burst is described: columns of the BatchTable in lib/packet/batch.ts.
struct BatchColumns {
  uint32_t* offsets;
  uint32_t* lengths;
  uint32_t capacity;
};

/// Memory for packets that cannot be handed out where they lie: chains over scattered buffers, or all of them
/// (`copy_all`).
struct Scratch {
  uint8_t* data = nullptr;
  uint32_t size = 0;
  bool copy_all = false;
};

/// Index of the scratch memory among the memories of a queue; the others are the regions.
constexpr uint32_t kScratchMemory = 0xFFFF;

/// A counter with one writer and any number of readers.
class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct RxCounters {
  Counter packets, bytes, bursts, chained, copied, dropped_oversize, dropped_empty, lost, wakeups;
};

struct TxCounters {
  Counter packets, bytes, bursts, doorbells, refused, unconsumed;
};

/// A packet kept beyond its burst.
struct Retained {
  std::shared_ptr<Region> region;
  uint32_t offset = 0;
  uint32_t length = 0;
  uint64_t token = 0;  // for RxQueue::GiveBack
};

enum class RetainResult { kDone, kScattered, kNoSpare, kAlready };

/// One receive queue. Used by one thread at a time, the one that has claimed it.
class RxQueue {
 public:
  virtual ~RxQueue() = default;

  virtual bool Claim() = 0;
  virtual void Unclaim() = 0;
  virtual void SetScratch(const Scratch& scratch) = 0;

  /// Takes up to `max` packets, all in one memory, and describes them. They stay valid until Release, also
  /// when the peer goes away. 0: none there, or not connected.
  virtual uint32_t Burst(const BatchColumns& columns, uint32_t max) = 0;
  /// Which memory the last burst lies in.
  virtual uint32_t memory() const = 0;
  /// Gives the buffers of the last burst back to the peer.
  virtual void Release() = 0;
  /// Keeps packet `i` of the last burst.
  virtual RetainResult Retain(uint32_t i, Retained* retained) = 0;
  virtual void GiveBack(uint64_t token) = 0;

  /// Number of the connection that bursts come from; memories with the same index of another one are others.
  /// 0: none.
  virtual uint32_t connection() const = 0;
  virtual std::shared_ptr<Region> Memory(uint32_t index) = 0;

  /// Whether the connection that bursts come from has ended; what it has left can still be had.
  virtual bool Stale() const = 0;
  /// Takes up the current connection, or the lack of one. With `follow`, Burst does that by itself once the
  /// old one is drained.
  virtual void Refresh() = 0;
  virtual void SetFollow(bool follow) = 0;
  /// The doorbell to wait on; -1 while not connected. Changes with Refresh only.
  virtual int doorbell() const = 0;
  /// Takes the rings of the doorbell so far. To be called before the ring is looked at.
  virtual void DrainDoorbell() = 0;
  virtual void SetMaskInt(bool masked) = 0;

  virtual RxCounters& counters() = 0;
};

enum class AppendResult { kDone, kFull, kDown };

/// One transmit queue. Used by one thread at a time, the one that has claimed it.
class TxQueue {
 public:
  virtual ~TxQueue() = default;

  virtual bool Claim() = 0;
  virtual void Unclaim() = 0;

  /// Describes the next free slots, up to `max`, all in one memory: where to write and how much fits. Nothing
  /// is sent.
  virtual uint32_t Reserve(const BatchColumns& columns, uint32_t max) = 0;
  virtual uint32_t memory() const = 0;
  /// Sends the first `count` slots of the last Reserve with these lengths. Returns `count`, or the index of
  /// the first bad length.
  virtual uint32_t Commit(const uint32_t* lengths, uint32_t count) = 0;
  /// Copies one packet into as many slots as it needs. Seen by the peer after Publish.
  virtual AppendResult Append(const uint8_t* data, uint32_t length) = 0;
  virtual void Publish() = 0;
  /// Rings the peer's doorbell if it wants that.
  virtual void RingDoorbell() = 0;

  virtual uint32_t FreeSlots() = 0;
  virtual uint32_t connection() const = 0;
  virtual std::shared_ptr<Region> Memory(uint32_t index) = 0;
  virtual void Refresh() = 0;

  virtual TxCounters& counters() = 0;
};

struct PortEvent {
  enum class Type { kUp, kDown, kRefused };
  Type type;
  std::string peer;  // its program
  std::string peer_interface;
  uint16_t rx_queues = 0;  // in use with this peer
  uint16_t tx_queues = 0;
  bool sealed = false;  // its memory cannot shrink
  Ending ending = {};   // of down and refused
};

/// The events of a port for one listener, in order. Written by the control thread, read by the listener's.
class Subscription {
 public:
  void Push(const PortEvent& event);
  std::vector<PortEvent> Take();
  /// `wake` is called when there are events, from the control thread; at once when there are some already.
  void Listen(std::function<void()> wake);
  /// After it returns, the wake function is not called any more, and no event is kept.
  void Cancel();

 private:
  std::mutex mutex_;
  std::vector<PortEvent> events_;
  std::function<void()> wake_;
  bool cancelled_ = false;
};

struct PortCounters {
  Counter connects, disconnects, violations, refused;
};

class Port {
 public:
  virtual ~Port() = default;

  virtual RxQueue& rx(size_t index) = 0;
  virtual TxQueue& tx(size_t index) = 0;
  virtual const Settings& settings() const = 0;
  /// A subscriber that comes while the port is up is told so.
  virtual void Subscribe(const std::shared_ptr<Subscription>& subscription) = 0;
  /// Tells the peer and ends the connection for good. Queues find out at their next use.
  virtual void Close() = 0;
  virtual const PortCounters& counters() const = 0;
};

}  // namespace vpp_punt::memif
