#include "punt_socket/punt_socket.h"

#include <cstring>
#include <utility>

#include "descriptor/descriptor.h"
#include "env_state.h"
#include "util/callback.h"
#include "util/error.h"
#include "util/external_memory.h"

namespace vpp_punt::punt_socket {

namespace {

constexpr char kOpenSocket[] = "punt-socket.open";

/// Bursts a turn of the event loop: its other events wait for 16 x 128 packets at most.
constexpr int kBurstsPerTurn = 16;

ReceiverOptions ReadOptions(const Fields& options) {
  ReceiverOptions result;
  result.path = options.Text("path");
  result.mode = options.Number("mode");
  if (options.IsNumber("group")) result.group = options.Number("group");
  result.vpp_path = options.Text("vppPath");
  result.batch = options.Number("batchSize");
  result.max_packet = options.Number("maxPacket");
  result.ring_slabs = options.Number("ringSlabs");
  result.send_buffer = static_cast<int>(options.Number("sendBuffer"));
  return result;
}

}  // namespace

void PuntSocket::Init(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "PuntSocket",
      DefineClass(env, "NativePuntSocket",
                  {InstanceMethod<&PuntSocket::Start>("start"), InstanceMethod<&PuntSocket::Stop>("stop"),
                   InstanceMethod<&PuntSocket::Pause>("pause"), InstanceMethod<&PuntSocket::Resume>("resume"),
                   InstanceMethod<&PuntSocket::SetRef>("setRef"), InstanceMethod<&PuntSocket::Close>("close"),
                   InstanceMethod<&PuntSocket::Pull>("pull"), InstanceMethod<&PuntSocket::Memory>("memory"),
                   InstanceMethod<&PuntSocket::Reconnect>("reconnect"),
                   InstanceMethod<&PuntSocket::SendTo>("sendTo"), InstanceMethod<&PuntSocket::Stats>("stats"),
                   InstanceMethod<&PuntSocket::SetFilter>("setFilter")}));
}

/// (options, columns of the batch table, location of a burst, callback for a burst; NativeDescriptor of a
/// bound socket to take over, or nothing)
PuntSocket::PuntSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PuntSocket>(info) {
  const Napi::Env env = info.Env();
  auto columns = info[1].As<Napi::Uint32Array>();
  auto location = info[2].As<Napi::Uint32Array>();
  const auto cells = Cells<uint32_t>::Of(env, columns);
  table_ = PacketTable(cells.data, static_cast<uint32_t>(cells.length / 3));
  location_ = Cells<uint32_t>::Of(env, location).data;
  columns_ = Napi::Persistent(columns);
  location_cell_ = Napi::Persistent(location);
  on_burst_ = Napi::Persistent(info[3].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_SOCKET");
  UniqueFd adopted = info[4].IsObject() ? descriptor::Descriptor::TakeFrom(info[4]) : UniqueFd();
  if (const SystemError failed = Open(Fields(env, info[0]), std::move(adopted))) {
    Shutdown();
    Throw(env, kOpenSocket, failed);
    return;
  }
  Ref();  // an open socket stays, even without a reference in JavaScript
}

SystemError PuntSocket::Open(const Fields& options, UniqueFd adopted) {
  const ReceiverOptions read = ReadOptions(options);
  // A thread that is being terminated: no option can be read.
  if (read.batch == 0 || table_.capacity() < read.batch || location_ == nullptr)
    return {ECANCELED, "options"};
  receiver_ = std::make_unique<Receiver>(read);
  if (SystemError failed = receiver_->Open(std::move(adopted))) return failed;
  const uint64_t gather_ns = 1000ull * options.Number("gatherUs");
  const std::chrono::microseconds take_over(options.Number("takeOverUs"));
  copy_ = options.Boolean("copy");
  hold_ = LoopHold::New(Env(), [this] { Shutdown(); });
  pump_ = std::make_shared<EventPump>(LoopOf(Env()), hold_, receiver_.get(), gather_ns,
                                      [this] { return Serve(); });
  if (const int error = pump_->Open()) return {error, "event loop"};
  drain_ =
      std::make_unique<DrainThread>(receiver_.get(), take_over, [pump = pump_.get()] { pump->Notify(); });
  return drain_->Start();
}

void PuntSocket::Start(const Napi::CallbackInfo&) {
  if (!receiver_) return;
  pump_->Start();
  if (receiver_->HasBacklog()) pump_->Notify();
}

void PuntSocket::Stop(const Napi::CallbackInfo&) {
  if (receiver_) pump_->Stop();
}

void PuntSocket::Pause(const Napi::CallbackInfo&) {
  if (!receiver_) return;
  receiver_->SetPaused(true);
  drain_->Wake();
}

void PuntSocket::Resume(const Napi::CallbackInfo&) {
  if (receiver_) receiver_->SetPaused(false);
}

void PuntSocket::SetRef(const Napi::CallbackInfo& info) {
  if (receiver_) pump_->SetReferenced(info[0].As<Napi::Boolean>().Value());
}

void PuntSocket::Close(const Napi::CallbackInfo&) {
  if (!receiver_) return;
  Shutdown();
  Unref();
}

/// Runs also when the environment ends. JavaScript may be in the middle of a burst: its buffers keep the
/// memory.
void PuntSocket::Shutdown() {
  drain_.reset();  // joins: no thread notifies the pump any more
  if (pump_) pump_->Stop();
  pump_.reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
  receiver_.reset();
  on_burst_.Reset();  // the callback refers to the object in JavaScript, which refers to this one
}

Napi::Value PuntSocket::Pull(const Napi::CallbackInfo& info) {
  uint32_t count = 0;
  for (int i = 0; receiver_ && count == 0 && i < kBurstsPerTurn; i++) {
    count = PullBurst();
    if (taken_ == 0) break;
  }
  return Napi::Number::New(info.Env(), count);
}

uint32_t PuntSocket::PullBurst() {
  taken_ = receiver_->Pull(&table_, &location_[0]);
  taken_bytes_ = 0;
  for (uint32_t i = 0; i < taken_; i++) taken_bytes_ += table_.length(i);
  const Slab slab = CurrentSlab();
  count_ = filter_.Keep({slab.data, slab.size, table_}, taken_);
  bursts_ += count_ > 0;
  return count_;
}

/// setFilter(handle of rules, or undefined)
void PuntSocket::SetFilter(const Napi::CallbackInfo& info) {
  filter_.Set(info[0]);
}

Turn PuntSocket::Serve() {
  Turn turn;
  const uint64_t starts = pump_->starts();
  const EnvState* state = EnvState::Of(Env());
  const uint64_t injected = state->injected;
  const uint64_t injected_before = std::exchange(injected_, injected);
  for (int i = 0; i < kBurstsPerTurn; i++) {
    const uint32_t count = PullBurst();
    turn.packets += taken_;
    turn.bytes += taken_bytes_;
    turn.more = receiver_->more_likely();
    const bool alive = count == 0 || Deliver(count);
    // The handler may have closed or stopped the socket; when it has started the socket again, other events
    // come first.
    if (!alive || !receiver_ || pump_->starts() != starts) return {turn.packets, turn.bytes};
    if (!turn.more) break;
  }
  injected_ = state->injected;
  turn.answered = injected_ != injected;
  turn.answers = injected_ != injected_before;
  return turn;
}

bool PuntSocket::Deliver(uint32_t count) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  return CallFromLoop(env, *context_, Value(), on_burst_.Value(), {Napi::Number::New(env, count)});
}

/// memory() -> ArrayBuffer over the slab of the burst
Napi::Value PuntSocket::Memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!receiver_) return env.Undefined();
  const Slab slab = CurrentSlab();
  Napi::Value buffer;
  if (!copy_) buffer = NewExternalArrayBuffer(env, slab.data, slab.size, slab.memory, &copy_);
  location_[1] = copy_;
  return copy_ ? CopyOfBurst(env, slab.data) : buffer;
}

/// Where the burst lies.
PuntSocket::Slab PuntSocket::CurrentSlab() const {
  const uint32_t slab = location_[0];
  const bool direct = slab == kDirectSlab;
  const std::shared_ptr<Mapping>& memory = direct ? receiver_->direct_memory() : receiver_->ring_memory();
  if (direct) return {memory->data(), memory->size(), memory};
  return {memory->data() + (slab - 1) * SlabRing::kSlab, SlabRing::kSlab, memory};
}

/// The part of a slab that the burst takes.
Napi::Value PuntSocket::CopyOfBurst(Napi::Env env, const uint8_t* slab) {
  const size_t used = count_ == 0 ? 0 : table_.offset(count_ - 1) + table_.length(count_ - 1);
  auto copy = Napi::ArrayBuffer::New(env, used);
  if (!copy.IsEmpty()) memcpy(copy.Data(), slab, used);
  return copy;
}

/// reconnect(path of VPP's socket, or undefined) -> name of the error that keeps the socket unconnected, or
/// undefined
Napi::Value PuntSocket::Reconnect(const Napi::CallbackInfo& info) {
  if (!receiver_) return info.Env().Undefined();
  if (info[0].IsString()) receiver_->SetVppPath(info[0].As<Napi::String>().Utf8Value());
  const int error = receiver_->Reconnect(true);
  if (receiver_->HasBacklog()) pump_->Notify();
  return ErrnoNameOf(info.Env(), error);
}

/// sendTo(path, swIfIndex, action, bytes) -> name of the error, or undefined
Napi::Value PuntSocket::SendTo(const Napi::CallbackInfo& info) {
  if (!receiver_) return ErrnoNameOf(info.Env(), EBADF);
  const punt_packetdesc_t desc = {info[1].As<Napi::Number>().Uint32Value(),
                                  info[2].As<Napi::Number>().Uint32Value()};
  const auto packet = Cells<uint8_t>::Of(info.Env(), info[3]);
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  return ErrnoNameOf(info.Env(), receiver_->SendTo(path, desc, packet.data, packet.length));
}

/// stats() -> NativePuntSocketStats, or undefined once closed
Napi::Value PuntSocket::Stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!receiver_) return env.Undefined();
  const ReceiverStats stats = receiver_->Stats();
  Record record(env);
  const auto set = [&](const char* name, uint64_t value) { record.Number(name, static_cast<double>(value)); };
  set("packets", stats.counters.packets - filter_.packets());
  set("bytes", stats.counters.bytes - filter_.bytes());
  set("droppedFilter", filter_.packets());
  set("batches", bursts_);
  set("drained", stats.counters.drained);
  set("droppedRingFull", stats.drops.ring_full);
  set("droppedPaused", stats.drops.paused);
  set("droppedTooLong", stats.drops.too_long);
  set("droppedMalformed", stats.drops.malformed);
  set("backlogBytes", stats.backlog_bytes);
  set("connects", stats.connects);
  record.Set("connectError", ErrnoNameOf(env, stats.connect_error));
  return Napi::Value(env, record.object());
}

}  // namespace vpp_punt::punt_socket
