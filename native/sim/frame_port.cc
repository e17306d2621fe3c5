#include "sim/frame_port.h"

#include <sys/socket.h>

#include <cerrno>

#include "util/callback.h"
#include "util/error.h"

namespace vpp_punt::sim {

namespace {

OpenedDevice OpenFor(const std::string& kind, const Fields& options, BoundPath* bound) {
  const std::string name = options.Text("name");
  if (kind == "punt") return OpenPuntSocket(name, static_cast<int>(options.Number("sendBuffer")), bound);
  if (kind == "packet") return OpenPacketSocket(name);
  return OpenTap(name, options.Text("netns"), kind == "tun");
}

}  // namespace

FramePort::FramePort(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FramePort>(info) {
  context_ = std::make_unique<Napi::AsyncContext>(info.Env(), "VPP_PUNT_SIM_FRAME_PORT");
  const Fields options(info.Env(), info[0]);
  const std::string kind = options.Text("kind");
  if (const SystemError failed = Open(kind, options)) {
    Shutdown();
    Throw(info.Env(), "sim." + kind, failed);
  }
}

SystemError FramePort::Open(const std::string& kind, const Fields& options) {
  if (kind.empty()) return {ECANCELED, "options"};  // the thread is being terminated
  OpenedDevice device = OpenFor(kind, options, &bound_);
  if (device.failed) return device.failed;
  fd_ = std::move(device.fd);
  name_ = device.name;
  if_index_ = device.if_index;
  is_punt_ = kind == "punt";
  return {OpenPoll(), "event loop"};
}

int FramePort::OpenPoll() {
  hold_ = LoopHold::New(Env(), [this] { Shutdown(); });
  poll_ = std::make_unique<FdPoll>(hold_, this,
                                   [](void* self, int) { static_cast<FramePort*>(self)->OnReadable(); });
  return poll_->Open(LoopOf(Env()), fd_.get());
}

Napi::Value FramePort::Name(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), name_);
}

Napi::Value FramePort::IfIndex(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), if_index_);
}

void FramePort::Start(const Napi::CallbackInfo& info) {
  if (!poll_ || started_) return;
  const auto bytes = Cells<uint8_t>::Of(info.Env(), info[0]);
  const auto lengths = Cells<uint32_t>::Of(info.Env(), info[1]);
  slab_ = {bytes.data, lengths.data, info[2].As<Napi::Number>().Uint32Value(),
           static_cast<uint32_t>(lengths.length)};
  slab_reference_ = Napi::Persistent(info[0].As<Napi::Uint8Array>());
  lengths_reference_ = Napi::Persistent(info[1].As<Napi::Uint32Array>());
  on_burst_ = Napi::Persistent(info[3].As<Napi::Function>());
  started_ = true;
  Ref();  // a started port stays, even without a reference in JavaScript
  poll_->Start(UV_READABLE);
}

void FramePort::OnReadable() {
  const uint32_t count = ReceiveBurst();
  if (count == 0) return;
  const Napi::HandleScope scope(Env());
  CallFromLoop(Env(), *context_, Value(), on_burst_.Value(), {Napi::Number::New(Env(), count)});
}

/// One burst an event: the rest is still there at the next turn of the loop.
uint32_t FramePort::ReceiveBurst() {
  uint32_t count = 0;
  while (count < slab_.slots) {
    uint8_t* slot = slab_.bytes + size_t{slab_.slot_size} * count;
    const ssize_t length = read(fd_.get(), slot, slab_.slot_size);
    if (length < 0) break;
    slab_.lengths[count++] = static_cast<uint32_t>(length);
  }
  return count;
}

Napi::Value FramePort::AddPeer(const Napi::CallbackInfo& info) {
  peers_.emplace_back(info[0].As<Napi::String>().Utf8Value());
  return Napi::Number::New(info.Env(), static_cast<double>(peers_.size() - 1));
}

Napi::Value FramePort::Send(const Napi::CallbackInfo& info) {
  const auto arena = Cells<uint8_t>::Of(info.Env(), info[0]);
  const auto table = Cells<uint32_t>::Of(info.Env(), info[1]);
  const uint32_t count = info[2].As<Napi::Number>().Uint32Value();
  const auto accepted = Cells<uint8_t>::Of(info.Env(), info[3]);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < count && i < accepted.length; i++) {
    const uint32_t* entry = table.data + size_t{3} * i;
    accepted.data[i] = poll_ && SendOne(arena.data + entry[0], entry[1], entry[2]) ? 1 : 0;
    taken += accepted.data[i];
  }
  return Napi::Number::New(info.Env(), taken);
}

/// One system call a frame, as VPP sends: a full receiver's queue costs exactly the frames sent at that time.
bool FramePort::SendOne(const uint8_t* bytes, size_t length, uint32_t peer) {
  if (!is_punt_) return write(fd_.get(), bytes, length) == static_cast<ssize_t>(length);
  const UnixAddress& address = peers_[peer];
  return sendto(fd_.get(), bytes, length, MSG_NOSIGNAL, address.get(), address.size()) ==
         static_cast<ssize_t>(length);
}

void FramePort::Unreference(const Napi::CallbackInfo&) {
  if (poll_) poll_->SetReferenced(false);
}

void FramePort::Close(const Napi::CallbackInfo&) {
  if (!poll_) return;
  Shutdown();
  if (started_) Unref();
}

void FramePort::Shutdown() {
  poll_.reset();  // before the descriptor, whose number may be another file's at once
  bound_.Remove();
  fd_.Reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
  on_burst_.Reset();
}

Napi::Function FramePort::Define(Napi::Env env) {
  return DefineClass(
      env, "SimFramePort",
      {InstanceMethod<&FramePort::Name>("name"), InstanceMethod<&FramePort::IfIndex>("ifIndex"),
       InstanceMethod<&FramePort::Start>("start"), InstanceMethod<&FramePort::AddPeer>("addPeer"),
       InstanceMethod<&FramePort::Send>("send"), InstanceMethod<&FramePort::Unreference>("unref"),
       InstanceMethod<&FramePort::Close>("close")});
}

}  // namespace vpp_punt::sim
