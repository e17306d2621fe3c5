#include "punt_socket/injector.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "punt_socket/js_options.h"
#include "util/callback.h"
#include "util/error.h"

namespace vpp_punt::punt_socket {

namespace {

constexpr char kOpen[] = "punt-injector.open";

punt_packetdesc_t DescOf(const Napi::CallbackInfo& info) {
  return {info[1].As<Napi::Number>().Uint32Value(), info[0].As<Napi::Number>().Uint32Value()};
}

/// Where a Uint8Array's bytes are: `*length` of them.
void* BytesOf(napi_env env, napi_value array, size_t* length) {
  void* data = nullptr;
  *length = 0;
  napi_get_typedarray_info(env, array, nullptr, length, &data, nullptr, nullptr);
  return data;
}

}  // namespace

void PuntInjector::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("PuntInjector", DefineClass(env, "NativePuntInjector",
                                          {InstanceMethod<&PuntInjector::Connect>("connect"),
                                           InstanceMethod<&PuntInjector::Send>("send"),
                                           InstanceMethod<&PuntInjector::SendMany>("sendMany"),
                                           InstanceMethod<&PuntInjector::WatchRoom>("watchRoom"),
                                           InstanceMethod<&PuntInjector::Close>("close")}));
}

/// (path of VPP's punt socket, callback for room, staging memory, lengths of the packets staged)
PuntInjector::PuntInjector(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<PuntInjector>(info),
      state_(EnvState::Of(info.Env())),
      peer_(info[0].As<Napi::String>().Utf8Value()) {
  const Napi::Env env = info.Env();
  on_room_ = Napi::Persistent(info[1].As<Napi::Function>());
  auto staging = info[2].As<Napi::Uint8Array>();
  auto lengths = info[3].As<Napi::Uint32Array>();
  staging_ = Napi::Persistent(staging);
  lengths_ = Napi::Persistent(lengths);
  length_of_ = lengths.Data();
  for (uint32_t i = 0; i < kBurst; i++) {
    vectors_[i] = {staging.Data() + i * (staging.ElementLength() / kBurst), 0};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_INJECTOR");
  fd_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) {
    ThrowErrno(env, kOpen, "socket", errno);
    return;
  }
  uv_loop_t* loop;
  napi_get_uv_event_loop(env, &loop);
  hold_ = LoopHold::New(env, [this] { Shutdown(); });
  writable_ = std::make_unique<HeldHandle<uv_poll_t>>(hold_, this);
  const int error =
      writable_->Initialize([&](uv_poll_t* handle) { return uv_poll_init(loop, handle, fd_.get()); });
  if (error != 0) {
    ThrowErrno(env, kOpen, "event loop", -error);
    return;
  }
  Ref();  // open until closed
}

/// connect() -> name of the error, or undefined. Again: to the socket that is now at the path.
Napi::Value PuntInjector::Connect(const Napi::CallbackInfo& info) {
  const int error = writable_ ? peer_.Connect(fd_.get()) : EBADF;
  return error == 0 ? info.Env().Undefined() : Napi::String::New(info.Env(), ErrnoName(error));
}

/// send(action, swIfIndex, bytes) -> 1, or a negative errno value
Napi::Value PuntInjector::Send(const Napi::CallbackInfo& info) {
  const punt_packetdesc_t desc = DescOf(info);
  size_t length;
  const void* data = BytesOf(info.Env(), info[2], &length);
  if (length > kMaxInjected) return Napi::Number::New(info.Env(), -EMSGSIZE);
  // Copying so little is quicker than having the kernel gather it from two places.
  uint8_t datagram[sizeof(desc) + kMaxInjected];
  memcpy(datagram, &desc, sizeof(desc));
  memcpy(datagram + sizeof(desc), data, length);
  const ssize_t sent = send(fd_.get(), datagram, sizeof(desc) + length, MSG_DONTWAIT | MSG_NOSIGNAL);
  state_->injected += sent > 0;
  return Napi::Number::New(info.Env(), sent < 0 ? -errno : 1);
}

/// sendMany(action, swIfIndex, count of staged packets) -> how many were accepted; if none: a negative errno
/// value
Napi::Value PuntInjector::SendMany(const Napi::CallbackInfo& info) {
  const punt_packetdesc_t desc = DescOf(info);
  const uint32_t count = std::min(kBurst, info[2].As<Napi::Number>().Uint32Value());
  for (uint32_t i = 0; i < count; i++) {
    memcpy(vectors_[i].iov_base, &desc, sizeof(desc));
    vectors_[i].iov_len = sizeof(desc) + std::min<size_t>(length_of_[i], kMaxInjected);
  }
  const int sent = sendmmsg(fd_.get(), messages_.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) state_->injected += static_cast<uint64_t>(sent);
  return Napi::Number::New(info.Env(), sent < 0 ? -errno : sent);
}

/// watchRoom(): calls back once when VPP's queue has room.
void PuntInjector::WatchRoom(const Napi::CallbackInfo&) {
  if (!writable_) return;
  uv_poll_start(writable_->get(), UV_WRITABLE, [](uv_poll_t* handle, int, int) {
    uv_poll_stop(handle);
    static_cast<PuntInjector*>(handle->data)->OnRoom();
  });
}

void PuntInjector::OnRoom() {
  Napi::HandleScope scope(Env());
  CallFromLoop(Env(), *context_, Value(), on_room_.Value(), {});
}

void PuntInjector::Close(const Napi::CallbackInfo&) {
  if (!writable_) return;
  Shutdown();
  Unref();
}

void PuntInjector::Shutdown() {
  writable_.reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
  fd_.Reset();
}

}  // namespace vpp_punt::punt_socket
