#include "packet_socket/packet_socket.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "descriptor/descriptor.h"
#include "util/callback.h"
#include "util/error.h"
#include "util/external_memory.h"

namespace vpp_punt::packet_socket {

namespace {

constexpr char kOpenSocket[] = "packet-socket.open";

/// Bursts a turn of the event loop: its other events wait for so many at most.
constexpr int kBurstsPerTurn = 16;

/// The ring's mapping keeps the socket alive, closed or not: it must not go on to receive.
void DropAll(int fd) {
  sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program = {1, &nothing};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

}  // namespace

void PacketSocket::Init(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "PacketSocket",
      DefineClass(env, "NativePacketSocket",
                  {InstanceMethod<&PacketSocket::Start>("start"), InstanceMethod<&PacketSocket::Stop>("stop"),
                   InstanceMethod<&PacketSocket::SetRef>("setRef"),
                   InstanceMethod<&PacketSocket::WatchRoom>("watchRoom"),
                   InstanceMethod<&PacketSocket::Close>("close"), InstanceMethod<&PacketSocket::Pull>("pull"),
                   InstanceMethod<&PacketSocket::Memory>("memory"),
                   InstanceMethod<&PacketSocket::Send>("send"), InstanceMethod<&PacketSocket::Link>("link"),
                   InstanceMethod<&PacketSocket::Name>("name"), InstanceMethod<&PacketSocket::Stats>("stats"),
                   InstanceMethod<&PacketSocket::SetFilter>("setFilter")}));
}

/// (NativeDescriptor of a bound packet socket, whose descriptor it takes over; options; columns of the batch
/// table; callbacks for a burst, for room, and for a change of the link)
PacketSocket::PacketSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketSocket>(info) {
  const Napi::Env env = info.Env();
  fd_ = descriptor::Descriptor::TakeFrom(info[0]);
  auto columns = info[2].As<Napi::Uint32Array>();
  columns_ = Napi::Persistent(columns);
  table_ = PacketTable(columns.Data(), static_cast<uint32_t>(columns.ElementLength() / 3));
  on_burst_ = Napi::Persistent(info[3].As<Napi::Function>());
  on_room_ = Napi::Persistent(info[4].As<Napi::Function>());
  on_link_ = Napi::Persistent(info[5].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_PACKET_SOCKET");
  const SystemError failed = Open(Fields(env, info[1]));
  if (failed.error != 0) {
    Shutdown();
    ThrowErrno(env, kOpenSocket, failed.what, failed.error);
    return;
  }
  Ref();  // open until closed: the event loop refers to this object
}

SystemError PacketSocket::Open(const Fields& options) {
  const RingSettings settings = {options.Number("blockBytes"), options.Number("blocks"),
                                 options.Number("retireMs")};
  SystemError failed = device_.Open(fd_.get(), options.Text("device"));
  if (failed.error == 0) failed = ring_.Open(fd_.get(), settings);
  if (failed.error == 0) failed = device_.Receive();
  if (failed.error != 0) return failed;
  hold_ = LoopHold::New(Env(), [this] { Shutdown(); });
  poll_ = std::make_unique<FdPoll>(
      hold_, this, [](void* self, int events) { static_cast<PacketSocket*>(self)->OnEvents(events); });
  return {poll_->Open(LoopOf(Env()), fd_.get()), "event loop"};
}

void PacketSocket::Start(const Napi::CallbackInfo&) {
  starts_++;
  receiving_ = true;
  Watch();
}

void PacketSocket::Stop(const Napi::CallbackInfo&) {
  starts_++;
  receiving_ = false;
  Watch();
}

/// watchRoom(): calls back once when the socket has room to send.
void PacketSocket::WatchRoom(const Napi::CallbackInfo&) {
  wants_room_ = true;
  Watch();
}

/// Without other events there are still errors: the link goes down, or away.
void PacketSocket::Watch() {
  if (!poll_) return;
  poll_->Start((receiving_ ? UV_READABLE : 0) | (wants_room_ ? UV_WRITABLE : 0) | UV_DISCONNECT);
}

void PacketSocket::SetRef(const Napi::CallbackInfo& info) {
  if (poll_) poll_->SetReferenced(info[0].ToBoolean());
}

void PacketSocket::OnEvents(int events) {
  if (events == 0) return Tell(on_link_);
  if (events & UV_WRITABLE && wants_room_) {
    wants_room_ = false;
    Watch();
    Tell(on_room_);
  }
  if (poll_ && receiving_ && events & UV_READABLE) Serve();
}

/// Ends when no frame waits, when this turn has had its share, or when a handler stops it.
void PacketSocket::Serve() {
  const uint64_t starts = starts_;
  for (int i = 0; i < kBurstsPerTurn; i++) {
    uint32_t taken = 0;
    const uint32_t count = Next(&taken);
    if (taken == 0) return;
    if (count > 0 && (!Deliver(count) || !poll_ || starts_ != starts)) return;
  }
}

/// The next burst: how many frames are for JavaScript, and how many there were.
uint32_t PacketSocket::Next(uint32_t* taken) {
  *taken = ring_.Next(&table_);
  return filter_.Keep({ring_.memory().get(), ring_.size(), table_}, *taken);
}

/// setFilter(handle of rules, or undefined)
void PacketSocket::SetFilter(const Napi::CallbackInfo& info) {
  filter_.Set(info[0]);
}

/// False when the environment runs no JavaScript any more.
bool PacketSocket::Deliver(uint32_t count) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  batches_++;
  return CallFromLoop(env, *context_, Value(), on_burst_.Value(), {Napi::Number::New(env, count)});
}

void PacketSocket::Tell(const Napi::FunctionReference& whom) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  CallFromLoop(env, *context_, Value(), whom.Value(), {});
}

void PacketSocket::Close(const Napi::CallbackInfo&) {
  if (!poll_) return;
  Shutdown();
  Unref();
}

/// Also when the environment ends. A handler may be in the middle of a burst: its memory stays as long as its
/// buffers.
void PacketSocket::Shutdown() {
  poll_.reset();  // before the fd, whose number may be another file's at once
  if (fd_) DropAll(fd_.get());
  fd_.Reset();
  ring_.Close();
  // They refer to the JavaScript object, which refers to this one.
  for (Napi::FunctionReference* callback : {&on_burst_, &on_room_, &on_link_}) callback->Reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
}

/// pull() -> number of frames described in the table; those of the last burst are over
Napi::Value PacketSocket::Pull(const Napi::CallbackInfo& info) {
  uint32_t count = 0, taken = 0;
  for (int i = 0; poll_ && count == 0 && i < kBurstsPerTurn; i++) {
    count = Next(&taken);
    if (taken == 0) break;
  }
  batches_ += count > 0;
  return Napi::Number::New(info.Env(), count);
}

/// memory() -> ArrayBuffer over the ring; null where the runtime refuses external memory
Napi::Value PacketSocket::Memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  bool copied = false;
  const std::shared_ptr<uint8_t>& memory = ring_.memory();
  if (!memory) return env.Undefined();
  Napi::Value buffer = NewExternalArrayBuffer(env, memory.get(), ring_.size(), memory, &copied);
  return copied ? env.Null() : buffer;
}

/// send(bytes, offsets, lengths, from, count) -> how many frames from the index `from` on were accepted, 64
/// at most; if none, a negative errno value
Napi::Value PacketSocket::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!fd_) return Napi::Number::New(env, -EBADF);
  auto bytes = info[0].As<Napi::Uint8Array>();
  auto offsets = info[1].As<Napi::Uint32Array>();
  auto lengths = info[2].As<Napi::Uint32Array>();
  const uint32_t from = info[3].As<Napi::Number>().Uint32Value();
  const uint32_t count = info[4].As<Napi::Number>().Uint32Value();
  return Napi::Number::New(
      env, sender_.Send(fd_.get(), bytes.Data(), offsets.Data() + from, lengths.Data() + from, count));
}

/// link() -> "up", "down" or "gone"
Napi::Value PacketSocket::Link(const Napi::CallbackInfo& info) {
  const LinkState state = fd_ ? device_.Look() : LinkState::kGone;
  const char* name = state == LinkState::kUp ? "up" : state == LinkState::kDown ? "down" : "gone";
  return Napi::String::New(info.Env(), name);
}

/// name() -> the device's
Napi::Value PacketSocket::Name(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), device_.name());
}

/// The kernel's counters start over whenever they are read.
void PacketSocket::ReadKernelCounters() {
  tpacket_stats_v3 kernel = {};
  socklen_t size = sizeof(kernel);
  if (!fd_ || getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &kernel, &size) != 0) return;
  dropped_ += kernel.tp_drops;
  freezes_ += kernel.tp_freeze_q_cnt;
}

/// stats() -> NativePacketSocketStats
Napi::Value PacketSocket::Stats(const Napi::CallbackInfo& info) {
  ReadKernelCounters();
  const RingCounters& ring = ring_.counters();
  Record record(info.Env());
  const auto set = [&](const char* name, uint64_t value) { record.Number(name, static_cast<double>(value)); };
  set("packets", ring.packets - filter_.packets());
  set("bytes", ring.bytes - filter_.bytes());
  set("droppedFilter", filter_.packets());
  set("batches", batches_);
  set("droppedRingFull", dropped_);
  set("droppedTooLong", ring.too_long);
  set("freezes", freezes_);
  set("vlanTags", ring.vlan);
  set("checksums", ring.checksums);
  set("segmented", ring.segmented);
  return {info.Env(), record.object()};
}

}  // namespace vpp_punt::packet_socket
