#include "sim/frame_port.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "util/error.h"

namespace vpp_punt::sim {

struct FramePort::Poll {
  uv_poll_t handle = {};
  UniqueFd fd;
  FramePort* owner = nullptr;
};

static OpenedDevice OpenFor(const std::string& kind, const Napi::Object& options) {
  const std::string name = options.Get("name").As<Napi::String>();
  if (kind == "punt") return OpenPuntSocket(name, options.Get("sendBuffer").As<Napi::Number>().Int32Value());
  if (kind == "packet") return OpenPacketSocket(name);
  return OpenTap(name, options.Get("netns").As<Napi::String>(), kind == "tun");
}

FramePort::FramePort(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FramePort>(info) {
  const auto options = info[0].As<Napi::Object>();
  const std::string kind = options.Get("kind").As<Napi::String>();
  OpenedDevice device = OpenFor(kind, options);
  if (device.error != 0) {
    ThrowErrno(info.Env(), "sim." + kind, device.what, device.error);
    return;
  }
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  auto* poll = new Poll();
  const int error = uv_poll_init(loop, &poll->handle, device.fd.get());
  if (error != 0) {
    delete poll;
    ThrowErrno(info.Env(), "sim." + kind, "uv_poll_init", -error);
    return;
  }
  poll->fd = std::move(device.fd);
  poll->owner = this;
  poll->handle.data = poll;
  poll_ = poll;
  name_ = device.name;
  if_index_ = device.if_index;
  is_punt_ = kind == "punt";
}

FramePort::~FramePort() {
  Shut();
}

Napi::Value FramePort::Name(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), name_);
}

Napi::Value FramePort::IfIndex(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), if_index_);
}

void FramePort::Start(const Napi::CallbackInfo& info) {
  if (!poll_) return;
  auto slab = info[0].As<Napi::Uint8Array>();
  auto lengths = info[1].As<Napi::Uint32Array>();
  slab_ = {slab.Data(), lengths.Data(), info[2].As<Napi::Number>().Uint32Value(),
           static_cast<uint32_t>(lengths.ElementLength())};
  slab_reference_ = Napi::Reference<Napi::Uint8Array>::New(slab, 1);
  lengths_reference_ = Napi::Reference<Napi::Uint32Array>::New(lengths, 1);
  on_burst_ = Napi::Persistent(info[3].As<Napi::Function>());
  // The object must outlive the poll, also when JavaScript has dropped it.
  Napi::ObjectWrap<FramePort>::Ref();
  uv_poll_start(&poll_->handle, UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<Poll*>(handle->data)->owner->OnReadable(); });
}

void FramePort::OnReadable() {
  const uint32_t count = ReceiveBurst();
  if (count == 0) return;
  const Napi::HandleScope scope(Env());
  on_burst_.MakeCallback(Value(), {Napi::Number::New(Env(), count)});
}

/// One burst an event: what is left is there at the next turn of the loop.
uint32_t FramePort::ReceiveBurst() {
  uint32_t count = 0;
  while (count < slab_.slots) {
    uint8_t* slot = slab_.bytes + size_t{slab_.slot_size} * count;
    const ssize_t length = read(poll_->fd.get(), slot, slab_.slot_size);
    if (length < 0) break;
    slab_.lengths[count++] = static_cast<uint32_t>(length);
  }
  return count;
}

Napi::Value FramePort::AddPeer(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data(),
         path.size() < sizeof(address.sun_path) ? path.size() : sizeof(address.sun_path) - 1);
  peers_.push_back(address);
  return Napi::Number::New(info.Env(), static_cast<double>(peers_.size() - 1));
}

Napi::Value FramePort::Send(const Napi::CallbackInfo& info) {
  const uint8_t* arena = info[0].As<Napi::Uint8Array>().Data();
  const uint32_t* table = info[1].As<Napi::Uint32Array>().Data();
  const uint32_t count = info[2].As<Napi::Number>().Uint32Value();
  uint8_t* accepted = info[3].As<Napi::Uint8Array>().Data();
  uint32_t taken = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t* entry = table + size_t{3} * i;
    accepted[i] = poll_ && SendOne(arena + entry[0], entry[1], entry[2]) ? 1 : 0;
    taken += accepted[i];
  }
  return Napi::Number::New(info.Env(), taken);
}

/// One system call a frame, as VPP does it: a receiver's queue that is full costs exactly the frames sent
/// then.
bool FramePort::SendOne(const uint8_t* bytes, size_t length, uint32_t peer) {
  if (!is_punt_) return write(poll_->fd.get(), bytes, length) == static_cast<ssize_t>(length);
  const auto* address = reinterpret_cast<const sockaddr*>(&peers_[peer]);
  return sendto(poll_->fd.get(), bytes, length, MSG_NOSIGNAL, address, sizeof(sockaddr_un)) ==
         static_cast<ssize_t>(length);
}

void FramePort::Background(const Napi::CallbackInfo& info) {
  if (poll_) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_->handle));
}

void FramePort::Close(const Napi::CallbackInfo& info) {
  Shut();
}

void FramePort::Shut() {
  if (!poll_) return;
  Poll* poll = std::exchange(poll_, nullptr);
  uv_poll_stop(&poll->handle);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll->handle),
           [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
  if (!on_burst_.IsEmpty()) {
    on_burst_.Reset();
    Napi::ObjectWrap<FramePort>::Unref();
  }
}

Napi::Function FramePort::Define(Napi::Env env) {
  return DefineClass(
      env, "SimFramePort",
      {InstanceMethod<&FramePort::Name>("name"), InstanceMethod<&FramePort::IfIndex>("ifIndex"),
       InstanceMethod<&FramePort::Start>("start"), InstanceMethod<&FramePort::AddPeer>("addPeer"),
       InstanceMethod<&FramePort::Send>("send"), InstanceMethod<&FramePort::Background>("unref"),
       InstanceMethod<&FramePort::Close>("close")});
}

}  // namespace vpp_punt::sim
