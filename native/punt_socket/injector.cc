#include "punt_socket/injector.h"

#include <algorithm>
#include <cerrno>

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

/// (path of VPP's punt socket, callback for room)
PuntInjector::PuntInjector(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<PuntInjector>(info), peer_(info[0].As<Napi::String>().Utf8Value()) {
  const Napi::Env env = info.Env();
  on_room_ = Napi::Persistent(info[1].As<Napi::Function>());
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
  punt_packetdesc_t desc = DescOf(info);
  size_t length;
  void* data = BytesOf(info.Env(), info[2], &length);
  iovec vectors[] = {{&desc, sizeof(desc)}, {data, length}};
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = 2;
  const ssize_t sent = sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return Napi::Number::New(info.Env(), sent < 0 ? -errno : 1);
}

/// sendMany(action, swIfIndex, packets) -> how many were accepted; if none: a negative errno value
Napi::Value PuntInjector::SendMany(const Napi::CallbackInfo& info) {
  const punt_packetdesc_t desc = DescOf(info);
  const auto packets = info[2].As<Napi::Array>();
  const uint32_t total = packets.Length();
  uint32_t accepted = 0;
  int sent = 0;
  while (accepted < total) {
    const uint32_t count = std::min(kBurst, total - accepted);
    sent = SendBurst(desc, packets, accepted, count);
    if (sent > 0) accepted += static_cast<uint32_t>(sent);
    if (sent != static_cast<int>(count)) break;
  }
  return Napi::Number::New(info.Env(), accepted > 0 ? static_cast<int>(accepted) : sent);
}

/// The number sent, or a negative errno value if it is none.
int PuntInjector::SendBurst(const punt_packetdesc_t& desc, const Napi::Array& packets, uint32_t from,
                            uint32_t count) {
  const napi_env env = packets.Env();
  Napi::HandleScope scope(env);
  for (uint32_t i = 0; i < count; i++) {
    napi_value packet = nullptr;
    napi_get_element(env, packets, from + i, &packet);
    size_t length;
    void* data = BytesOf(env, packet, &length);
    vectors_[2 * i] = {const_cast<punt_packetdesc_t*>(&desc), sizeof(desc)};
    vectors_[2 * i + 1] = {data, length};
    messages_[i].msg_hdr.msg_iov = &vectors_[2 * i];
    messages_[i].msg_hdr.msg_iovlen = 2;
  }
  const int sent = sendmmsg(fd_.get(), messages_.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
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
