#include "punt_socket/injector.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "descriptor/descriptor.h"
#include "descriptor/expect_socket.h"
#include "util/callback.h"
#include "util/error.h"
#include "util/fd_poll.h"
#include "util/fields.h"

namespace vpp_punt::punt_socket {

namespace {

constexpr char kOpenInjector[] = "punt-injector.open";

punt_packetdesc_t DescOf(const Napi::CallbackInfo& info) {
  return {info[1].As<Napi::Number>().Uint32Value(), info[0].As<Napi::Number>().Uint32Value()};
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

/// (path of VPP's punt socket, callback for room, staging memory, lengths of the staged packets;
/// NativeDescriptor of a connected socket to take over, or nothing, and the path is empty)
PuntInjector::PuntInjector(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<PuntInjector>(info),
      state_(EnvState::Of(info.Env())),
      peer_(info[0].As<Napi::String>().Utf8Value()) {
  const Napi::Env env = info.Env();
  on_room_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_INJECTOR");
  UniqueFd adopted = info[4].IsObject() ? descriptor::Descriptor::TakeFrom(info[4]) : UniqueFd();
  const SystemError canceled = {ECANCELED, "socket"};
  if (const SystemError failed = Stage(env, info) ? Open(std::move(adopted)) : canceled) {
    Shutdown();
    Throw(env, kOpenInjector, failed);
    return;
  }
  Ref();  // an open injector stays, even without a reference in JavaScript
}

/// Takes the memory that JavaScript stages packets in. False in a thread that is being terminated.
bool PuntInjector::Stage(Napi::Env env, const Napi::CallbackInfo& info) {
  const auto staging = Cells<uint8_t>::Of(env, info[2]);
  const auto lengths = Cells<uint32_t>::Of(env, info[3]);
  if (staging.data == nullptr || lengths.length < kBurst) return false;
  staging_ = Napi::Persistent(info[2].As<Napi::Uint8Array>());
  lengths_ = Napi::Persistent(info[3].As<Napi::Uint32Array>());
  length_of_ = lengths.data;
  for (uint32_t i = 0; i < kBurst; i++) {
    vectors_[i] = {staging.data + i * (staging.length / kBurst), 0};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
  return true;
}

SystemError PuntInjector::Open(UniqueFd adopted) {
  const bool given = static_cast<bool>(adopted);
  fd_ = given ? std::move(adopted) : UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return {errno, "socket"};
  const char* expected = "a UNIX datagram socket is expected";
  if (SystemError failed = descriptor::ExpectUnixSocket(fd_.get(), SOCK_DGRAM, expected)) return failed;
  hold_ = LoopHold::New(Env(), [this] { Shutdown(); });
  writable_ = std::make_unique<HeldHandle<uv_poll_t>>(hold_, this);
  uv_loop_t* const loop = LoopOf(Env());
  if (loop == nullptr) return {ECANCELED, "event loop"};
  const auto init = [&](uv_poll_t* handle) { return uv_poll_init(loop, handle, fd_.get()); };
  return {-writable_->Initialize(init), "event loop"};
}

/// connect() -> name of the error, or undefined. A further call connects to the socket that is now at the
/// path.
Napi::Value PuntInjector::Connect(const Napi::CallbackInfo& info) {
  return ErrnoNameOf(info.Env(), writable_ ? peer_.Connect(fd_.get()) : EBADF);
}

/// send(action, swIfIndex, bytes) -> 1, or a negative errno value
Napi::Value PuntInjector::Send(const Napi::CallbackInfo& info) {
  const punt_packetdesc_t desc = DescOf(info);
  const auto packet = Cells<uint8_t>::Of(info.Env(), info[2]);
  if (packet.length > kMaxInjected) return Napi::Number::New(info.Env(), -EMSGSIZE);
  // A copy of so few bytes is quicker than the kernel's gathering from two places.
  uint8_t datagram[sizeof(desc) + kMaxInjected];
  memcpy(datagram, &desc, sizeof(desc));
  if (packet.length > 0) memcpy(datagram + sizeof(desc), packet.data, packet.length);
  const ssize_t sent = send(fd_.get(), datagram, sizeof(desc) + packet.length, MSG_DONTWAIT | MSG_NOSIGNAL);
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

/// watchRoom(): calls back once, when VPP's queue has room.
void PuntInjector::WatchRoom(const Napi::CallbackInfo&) {
  if (!writable_) return;
  uv_poll_start(writable_->get(), UV_WRITABLE, [](uv_poll_t* handle, int, int) {
    uv_poll_stop(handle);
    static_cast<PuntInjector*>(handle->data)->OnRoom();
  });
}

void PuntInjector::OnRoom() {
  const Napi::HandleScope scope(Env());
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
  on_room_.Reset();  // the callback refers to the object in JavaScript, which refers to this one
}

}  // namespace vpp_punt::punt_socket
