#include "memif/binding/rx_binding.h"

#include <algorithm>
#include <cerrno>

#include "memif/binding/functions.h"
#include "memif/binding/memory_buffer.h"
#include "memif/binding/registry.h"
#include "util/callback.h"
#include "util/fields.h"

namespace vpp_punt::memif {

/// Bursts delivered before the event loop gets its turn.
constexpr int kBurstsPerTurn = 4;
/// The same of bursts that a filter decides about without a call into JavaScript.
constexpr int kFilteredBurstsPerTurn = 16;
/// For how long, and for how many looks at its ring, a peer may not read before packets for it are dropped.
/// A peer in this thread has its turns between the looks.
constexpr uint64_t kBlockedNs = 100'000'000;
constexpr uint32_t kBlockedLooks = 16;
/// Room for whole packets that are scattered in shared memory, or for all packets without zero copy.
constexpr uint32_t kScratchSize = 512 * 1024;

RxBinding::RxBinding(Napi::Env env, std::shared_ptr<LoopHold> hold, std::shared_ptr<Port> port, size_t index,
                     napi_value options)
    : env_(env),
      port_(std::move(port)),
      queue_(port_->rx(index)),
      context_(std::make_unique<Napi::AsyncContext>(env, "vpp-punt:memif")),
      hold_(std::move(hold)) {
  Fields fields(env, options);
  mode_ = static_cast<RxMode>(fields.Number("mode"));
  copy_all_ = fields.Boolean("copy");
  table_ = QueueTable::Read(env, fields);
  if (napi_value on_burst = fields.Get("onBurst"))
    on_burst_ = Napi::Persistent(Napi::Function(env, on_burst));
  MakeScratch();
  queue_.SetFollow(mode_ == RxMode::kPolling);
  TakeMask();
}

RxBinding::~RxBinding() {
  Close();
  Finish();  // a handler that was ended with its thread has not given its burst back
}

Napi::Object RxBinding::Functions() {
  using Self = RxBinding;
  Napi::Object functions = Napi::Object::New(env_);
  auto self = shared_from_this();
  SetFunction(functions, "burst", self, [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(env, rx.closed_ ? 0 : rx.Burst(UintArgument(env, info, rx.table_.packets.capacity())));
  });
  SetFunction(functions, "release", self, [](Self& rx, napi_env, napi_callback_info) -> napi_value {
    rx.Release();
    return nullptr;
  });
  SetFunction(functions, "close", self, [](Self& rx, napi_env, napi_callback_info) -> napi_value {
    rx.Close();
    return nullptr;
  });
  SetFunction(functions, "memory", self, [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
    return rx.MemoryBuffer(UintArgument(env, info, 0));
  });
  SetFunction(
      functions, "addTarget", self,
      [](Self& rx, napi_env env, napi_callback_info info) -> napi_value { return rx.AddTarget(info); });
  SetFunction(functions, "boundBy", self, [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
    rx.BoundBy(UintArgument(env, info, 0));
    return nullptr;
  });
  SetFunction(functions, "passOn", self, [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
    return UintResult(env, rx.PassOn(env, info));
  });
  SetFunction(functions, "setFilter", self,
              [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
                rx.SetFilter(Napi::CallbackInfo(env, info)[0]);
                return nullptr;
              });
  SetFunction(functions, "filterStats", self, [](Self& rx, napi_env env, napi_callback_info) -> napi_value {
    return Record(env)
        .Number("passed", static_cast<double>(rx.filter_passed_))
        .Number("refused", static_cast<double>(rx.filter_refused_))
        .Number("dropped", static_cast<double>(rx.filter_dropped_))
        .object();
  });
  SetFunction(functions, "retain", self, [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
    return rx.Retain(UintArgument(env, info, 0));
  });
  SetFunction(functions, "giveBack", self, [](Self& rx, napi_env env, napi_callback_info info) -> napi_value {
    napi_value argument;
    size_t count = 1;
    uint64_t token = 0;
    bool lossless;
    napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
    napi_get_value_bigint_uint64(env, argument, &token, &lossless);
    rx.GiveBack(token);
    return nullptr;
  });
  return functions;
}

void RxBinding::MakeScratch() {
  if (copy_all_) return RenewScratch();
  scratch_ = Mapping::New(kScratchSize);
  if (!scratch_) {
    error_ = {errno, "memory for scattered packets"};
    return;
  }
  queue_.SetScratch({scratch_->data(), kScratchSize, false});
}

/// In copying mode: memory of JavaScript's to copy into, because the memory before may have been detached.
void RxBinding::RenewScratch() {
  queue_.SetScratch({nullptr, 0, true});
  auto buffer = Napi::ArrayBuffer::New(env_, kScratchSize);
  if (buffer.IsEmpty()) return;  // the thread is being terminated
  scratch_array_ = Napi::Persistent(buffer.As<Napi::Object>());
  queue_.SetScratch({static_cast<uint8_t*>(buffer.Data()), kScratchSize, true});
}

Napi::Value RxBinding::MemoryBuffer(uint32_t index) {
  if (closed_ && !lent_) return env_.Undefined();
  if (index != kScratchMemory) return RegionBuffer(env_, queue_.Memory(index));
  if (!copy_all_) return ExternalBuffer(env_, scratch_->data(), kScratchSize, scratch_);
  if (scratch_array_.IsEmpty()) return env_.Undefined();
  if (scratch_array_.Value().As<Napi::ArrayBuffer>().IsDetached()) RenewScratch();
  return scratch_array_.Value();
}

/// Returns how many packets of the next burst are for JavaScript.
uint32_t RxBinding::Burst(uint32_t max) {
  const uint32_t taken = TakeBurst(max);
  table_.Tell(queue_.memory(), queue_.connection());
  table_.TellTaken(taken);
  lent_ = taken > 0;
  taken_ += taken;
  if (taken == 0) return 0;
  const uint32_t count = selection_ ? Select(taken) : taken;
  uint64_t bytes = 0;
  if (!selection_) {
    for (uint32_t i = 0; i < count; i++) bytes += table_.packets.length(i);
    queue_.Count(count, bytes);
  }
  if (count == 0) Release();
  return count;
}

uint32_t RxBinding::TakeBurst(uint32_t max) {
  if (renews_selection_) {
    selection_ = rules_ ? std::make_unique<Selection>(rules_, table_.packets.capacity()) : nullptr;
    renews_selection_ = false;
  }
  const SlotBudget room = Room(max);
  blocked_ = room.slots == 0 && max > 0;
  if (blocked_) return 0;
  const uint32_t most = std::min(max, room.slots);
  const uint32_t count = queue_.Burst(selection_ ? selection_->all() : table_.packets, most, room);
  short_of_room_ = blocked_ = count == 0 && queue_.short_of_room();
  return count;
}

void RxBinding::Release() {
  if (!lent_) return;
  PassRest();
  lent_ = false;
  queue_.Release();
  if (closed_) Finish();
}

/// addTarget(key, queue): a transmit queue that this thread has opened, by its port's key. Returns its number
/// for passOn; undefined if the port is closed.
napi_value RxBinding::AddTarget(napi_callback_info info) {
  const Napi::CallbackInfo call(env_, info);
  const size_t index = call[1].As<Napi::Number>().Uint32Value();
  std::shared_ptr<Port> port = FindPort(call[0].As<Napi::Number>().Int64Value());
  if (!port || index >= port->settings().tx_queues) return env_.Undefined();
  const uint32_t past_owners = port->tx(index).past_owners();
  targets_.push_back({std::move(port), index, past_owners});
  return Napi::Number::New(env_, static_cast<double>(targets_.size() - 1));
}

/// boundBy(target): a burst takes no more slots than the target has free ones, while it is connected.
void RxBinding::BoundBy(uint32_t target) {
  if (target < targets_.size()) bound_ = target;
}

/// passOn(target, marks, count, mark): sends the packets of the burst that have the mark on a target. Returns
/// how many.
uint32_t RxBinding::PassOn(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t size = 4, cells = 0;
  uint32_t target = 0, count = 0, mark = 0;
  void* marks = nullptr;
  napi_get_cb_info(env, info, &size, arguments, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[0], &target);
  napi_get_typedarray_info(env, arguments[1], nullptr, &cells, &marks, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[2], &count);
  napi_get_value_uint32(env, arguments[3], &mark);
  if (!lent_ || count > cells || target >= targets_.size()) return 0;
  TxQueue* const to = targets_[target].queue();
  if (to == nullptr) return 0;
  TxQueue& tx = *to;
  Choice choice = {static_cast<const uint8_t*>(marks), count};
  if (selection_) choice = selection_->Spread(table_.packets, choice);
  const PacketTable& packets = selection_ ? selection_->all() : table_.packets;
  uint32_t sent = queue_.PassOn(packets, choice, static_cast<uint8_t>(mark), tx);
  if (sent > 0) tx.Publish();
  if (selection_ && mark == Selection::kPassing && selection_->passing() > 0) {
    const uint32_t given = selection_->passing();
    const uint32_t unseen = selection_->TakeSent(sent);
    CountPassed(unseen, given);
    // A lane without a packet of JavaScript's on the way rings no doorbell.
    if (unseen > 0 && unseen == sent) tx.RingDoorbell();
    sent -= unseen;
  }
  return sent;
}

/// The room of the bounding queue, for a burst of at most `max` packets.
SlotBudget RxBinding::Room(uint32_t max) {
  TxQueue* const bound = Bound();
  TxRing* const ring = bound == nullptr ? nullptr : bound->Ready();
  if (ring == nullptr) return {};
  const SlotBudget room = ring->Budget(short_of_room_ ? UINT32_MAX : max);
  const uint64_t place = uint64_t{bound->connection()} << 32 | ring->peer_index();
  return StandsStill(place, room.slots == 0 || short_of_room_) ? SlotBudget() : room;
}

/// Whether the bounding queue's peer has not read for so long that its packets are dropped, as VPP does: it
/// must not keep the event loop busy.
bool RxBinding::StandsStill(uint64_t place, bool blocked) {
  if (place != blocked_place_) {
    blocked_place_ = place;
    blocked_since_ns_ = blocked_looks_ = 0;
  }
  if (!blocked || mode_ == RxMode::kPolling) return false;
  const uint64_t now_ns = uv_hrtime();
  if (blocked_since_ns_ == 0) blocked_since_ns_ = now_ns;
  return ++blocked_looks_ > kBlockedLooks && now_ns > blocked_since_ns_ + kBlockedNs;
}

/// Returns { buffer, token } of a packet kept in place, or the number of RetainResult.
Napi::Value RxBinding::Retain(uint32_t i) {
  Retained retained;
  const uint32_t delivered = i;
  if (selection_) i = selection_->At(i);
  RetainResult result = closed_ && !lent_ ? RetainResult::kScattered : queue_.Retain(i, &retained);
  if (result != RetainResult::kDone) return Napi::Number::New(env_, static_cast<int>(result));
  kept_.emplace(retained.token, queue_.pool());
  Napi::Object kept = Napi::Object::New(env_);
  kept.Set("buffer", RegionBuffer(env_, retained.region, table_.packets.offset(delivered),
                                  table_.packets.length(delivered)));
  kept.Set("token", Napi::BigInt::New(env_, retained.token));
  return kept;
}

/// Gives the buffer of a retained packet back: to its ring, or to the pool once the ring is gone.
void RxBinding::GiveBack(uint64_t token) {
  const auto kept = kept_.extract(token);
  if (kept.empty() || (!finished_ && queue_.GiveBack(token))) return;
  if (kept.mapped()) kept.mapped()->GiveBack({static_cast<uint32_t>(token)});
}

void RxBinding::Close() {
  if (closed_) return;
  closed_ = true;
  poll_.reset();  // before Unlock, which may close the descriptor that it waits on
  ForgetIdle();
  hold_.reset();
  if (!lent_) Finish();
}

/// Gives the queue and the memory of its bursts back.
void RxBinding::Finish() {
  if (finished_) return;
  // The next owner of the queue needs the retained buffers. After the connection's end they are of no use.
  if (!queue_.Stale()) std::erase_if(kept_, [&](const auto& kept) { return queue_.GiveBack(kept.first); });
  finished_ = true;
  queue_.Unlock();
  on_burst_.Reset();
  bound_.reset();
  targets_.clear();
  table_ = {};
  scratch_array_.Reset();
  context_.reset();
}

void RxBinding::SetRef(bool ref) {
  ref_ = ref;
  if (poll_) poll_->SetReferenced(ref);
  if (idle_) idle_->SetReferenced(ref);
}

void RxBinding::FinishOld() {
  if (mode_ == RxMode::kPolling) return;
  while (!closed_ && queue_.Stale()) {
    const uint64_t before = taken_;
    uint32_t count = Burst(table_.packets.capacity());
    if (count == 0 && taken_ != before) continue;
    if (count == 0) break;
    bool alive = Call(count);
    Release();
    if (!alive) break;
  }
}

void RxBinding::Open() {
  Attach();
  if (queue_.Stale() && !poll_) Attach();  // the ended connection left nothing for this queue
  behind_ = queue_.Stale();
}

void RxBinding::Attach() {
  if (closed_ || mode_ == RxMode::kPolling) return;
  if (poll_ && !queue_.Stale()) return;
  poll_.reset();  // before Refresh: that closes the descriptor it waits on
  StopPolling();
  behind_ = false;
  queue_.Refresh();
  const int fd = queue_.doorbell();
  uv_loop_t* const loop = LoopOf(env_);
  if (fd < 0 || loop == nullptr) return;
  auto poll = std::make_unique<FdPoll>(hold_, this, [](void* rx, int events) {
    static_cast<RxBinding*>(rx)->shared_from_this()->OnDoorbell(events);
  });
  // A queue that cannot wait would be silent: the connection ends, and the client connects again.
  if (const int error = poll->Open(loop, fd))
    return queue_.Fail(Fault::Ours("a doorbell cannot be watched: " + WhyNotWatched(error)));
  poll_ = std::move(poll);
  poll_->SetReferenced(ref_);
  poll_->Start(UV_READABLE);
  // As if the doorbell had rung: packets may have come before.
  StartPolling();
}

bool RxBinding::Run() {
  int delivered = 0;
  for (int i = 0; delivered < kBurstsPerTurn && i < kFilteredBurstsPerTurn && !closed_; i++) {
    const uint64_t before = taken_;
    uint32_t count = Burst(table_.packets.capacity());
    if (count == 0 && taken_ != before) continue;  // the filter has decided about all of them
    if (count == 0) return !blocked_;
    delivered++;
    bool alive = Call(count);
    Release();
    if (!alive) return true;
  }
  return closed_;
}

bool RxBinding::Call(uint32_t count) {
  Napi::HandleScope scope(env_);
  return CallFromLoop(env_, *context_, nullptr, on_burst_.Value(), {UintResult(env_, count)});
}

}  // namespace vpp_punt::memif
