#include "descriptor/passing_socket.h"

#include "descriptor/descriptor.h"
#include "util/callback.h"
#include "util/error.h"
#include "util/hang_up.h"
#include "util/passing.h"

namespace vpp_punt::descriptor {

namespace {

/// Part of a Uint8Array, whose bounds JavaScript has checked.
iovec SliceOf(const Napi::CallbackInfo& info) {
  auto array = info[0].As<Napi::Uint8Array>();
  const size_t start = info[1].As<Napi::Number>().Uint32Value();
  const size_t end = array.ByteLength();
  return start > end ? iovec{nullptr, 0} : iovec{array.Data() + start, end - start};
}

}  // namespace

void PassingSocket::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("PassingSocket", DefineClass(env, "NativePassingSocket",
                                           {InstanceMethod<&PassingSocket::Number>("number"),
                                            InstanceMethod<&PassingSocket::Receive>("receive"),
                                            InstanceMethod<&PassingSocket::Send>("send"),
                                            InstanceMethod<&PassingSocket::Watch>("watch"),
                                            InstanceMethod<&PassingSocket::Close>("close")}));
}

/// (NativeDescriptor of a connected socket, whose descriptor it takes over; onReady())
PassingSocket::PassingSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PassingSocket>(info) {
  const Napi::Env env = info.Env();
  fd_ = Descriptor::TakeFrom(info[0]);
  on_ready_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_PASSING_SOCKET");
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  hold_ = LoopHold::New(env, [this] { Shut(); });
  poll_ = std::make_unique<HeldHandle<uv_poll_t>>(hold_, this);
  const int error = poll_->Initialize([&](uv_poll_t* poll) { return uv_poll_init(loop, poll, fd_.get()); });
  if (error != 0) {
    Shut();
    ThrowErrno(env, "descriptor.connection", "event loop", -error);
    return;
  }
  Ref();  // until Close: the event loop refers to this object
}

/// number() -> the socket's descriptor, or -1
Napi::Value PassingSocket::Number(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fd_.get());
}

/// receive(into, start, passed, most) -> how many bytes came; 0 at the end of the stream; a negative errno
/// value: -EMFILE when this process has no room for what was passed, -E2BIG when that is more than
/// `most`. Descriptors are appended to the array `passed`.
Napi::Value PassingSocket::Receive(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arrived arrived = ReceivePassed(fd_.get(), SliceOf(info), info[3].As<Napi::Number>().Uint32Value());
  auto list = info[2].As<Napi::Array>();
  if (arrived.size < 0) arrived.passed.clear();
  for (UniqueFd& fd : arrived.passed) list.Set(list.Length(), Descriptor::New(env, std::move(fd)));
  return Napi::Number::New(env, static_cast<double>(arrived.size));
}

/// send(from, start, descriptors) -> how many bytes were taken, and with the first all descriptors; or a
/// negative errno value, and none
Napi::Value PassingSocket::Send(const Napi::CallbackInfo& info) {
  const auto fds = info[2].As<Napi::Int32Array>();
  const ssize_t size = SendPassing(fd_.get(), SliceOf(info), fds.Data(), fds.ElementLength());
  return Napi::Number::New(info.Env(), static_cast<double>(size));
}

/// watch(events): calls back while one of them holds: 1 there is something to read, 2 there is room to write
void PassingSocket::Watch(const Napi::CallbackInfo& info) {
  if (!poll_) return;
  const uint32_t wanted = info[0].As<Napi::Number>().Uint32Value();
  const int events = (wanted & 1 ? UV_READABLE : 0) | (wanted & 2 ? UV_WRITABLE : 0);
  if (events == 0) {
    uv_poll_stop(poll_->get());
    return;
  }
  uv_poll_start(poll_->get(), events,
                [](uv_poll_t* poll, int, int) { static_cast<PassingSocket*>(poll->data)->OnEvents(); });
}

void PassingSocket::OnEvents() {
  const Napi::Env env = Env();
  Napi::HandleScope scope(env);
  CallFromLoop(env, *context_, Value(), on_ready_.Value(), {});
}

void PassingSocket::Close(const Napi::CallbackInfo&) {
  if (!poll_) return;
  Shut();
  Unref();
}

void PassingSocket::Shut() {
  poll_.reset();  // before the fd, whose number may be another file's at once
  HangUp(std::move(fd_));
  on_ready_.Reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
}

}  // namespace vpp_punt::descriptor
