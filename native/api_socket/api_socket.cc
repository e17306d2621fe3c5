#include "api_socket/api_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include "util/callback.h"
#include "util/error.h"
#include "util/fd_poll.h"
#include "util/fields.h"
#include "util/unix_address.h"

namespace vpp_punt {

namespace {

constexpr char kOp[] = "binapi.connect";

/// The bytes from `start` to `end` of a Uint8Array; none if the array is shorter.
Cells<uint8_t> SliceOf(const Napi::CallbackInfo& info) {
  const auto array = Cells<uint8_t>::Of(info.Env(), info[0]);
  const size_t start = info[1].As<Napi::Number>().Uint32Value();
  const size_t end = info[2].As<Napi::Number>().Uint32Value();
  if (start > end || end > array.length) return {};
  return {array.data + start, end - start};
}

Napi::Value SizeOrErrno(Napi::Env env, ssize_t size) {
  return Napi::Number::New(env, static_cast<double>(size < 0 ? -errno : size));
}

}  // namespace

ApiSocket::ApiSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ApiSocket>(info) {
  const Napi::Env env = info.Env();
  if (info[0].IsNumber()) {
    fd_.Reset(info[0].As<Napi::Number>().Int32Value());
  } else if (!Connect(env, info[0].As<Napi::String>().Utf8Value())) {
    return;
  }
  on_ready_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_API_SOCKET");
  uv_loop_t* const loop = LoopOf(env);
  hold_ = LoopHold::New(env, [this] { Shutdown(); });
  poll_ = std::make_unique<HeldHandle<uv_poll_t>>(hold_, this);
  int error = loop == nullptr ? UV_ECANCELED : 0;
  if (error == 0) {
    error = poll_->Initialize([&](uv_poll_t* poll) { return uv_poll_init(loop, poll, fd_.get()); });
  }
  if (error == 0) error = WatchFor(UV_READABLE);
  if (error != 0) {
    Shutdown();
    ThrowErrno(env, kOp, "event loop", -error);
    return;
  }
  Ref();  // until Close: the event loop refers to this object
}

int ApiSocket::WatchFor(int events) {
  if (events == 0) return uv_poll_stop(poll_->get());
  return uv_poll_start(poll_->get(), events, [](uv_poll_t* poll, int status, int ready) {
    static_cast<ApiSocket*>(poll->data)->OnEvents(status, ready);
  });
}

bool ApiSocket::Connect(Napi::Env env, const std::string& path) {
  if (!UnixAddress::Fits(path)) {
    ThrowErrno(env, kOp, path, path.empty() ? EINVAL : ENAMETOOLONG);
    return false;
  }
  const UnixAddress address(path);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), address.get(), address.size()) != 0) {
    ThrowErrno(env, kOp, path, errno);
    return false;
  }
  fd_ = std::move(fd);
  return true;
}

Napi::Value ApiSocket::Read(const Napi::CallbackInfo& info) {
  const Cells<uint8_t> room = SliceOf(info);
  if (!fd_) return Napi::Number::New(info.Env(), -EBADF);
  return SizeOrErrno(info.Env(), recv(fd_.get(), room.data, room.length, MSG_DONTWAIT));
}

Napi::Value ApiSocket::Write(const Napi::CallbackInfo& info) {
  const Cells<uint8_t> bytes = SliceOf(info);
  if (!fd_) return Napi::Number::New(info.Env(), -EBADF);
  return SizeOrErrno(info.Env(), send(fd_.get(), bytes.data, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL));
}

void ApiSocket::Watch(const Napi::CallbackInfo& info) {
  if (!fd_) return;
  const int bytes = info[0].As<Napi::Boolean>().Value() ? UV_READABLE : 0;
  const int room = info[1].As<Napi::Boolean>().Value() ? UV_WRITABLE : 0;
  WatchFor(bytes | room);
}

void ApiSocket::Close(const Napi::CallbackInfo&) {
  if (!fd_) return;
  Shutdown();
  Unref();
}

void ApiSocket::Shutdown() {
  poll_.reset();  // before the descriptor, whose number may be another file's at once
  fd_.Reset();
  on_ready_.Reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
}

void ApiSocket::OnEvents(int status, int events) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const bool writable = status == 0 && (events & UV_WRITABLE) != 0;
  CallFromLoop(env, *context_, Value(), on_ready_.Value(),
               {Napi::Boolean::New(env, writable), Napi::Boolean::New(env, status != 0)});
}

void ApiSocket::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("ApiSocket", DefineClass(env, "ApiSocket",
                                       {
                                           InstanceMethod<&ApiSocket::Read>("read"),
                                           InstanceMethod<&ApiSocket::Write>("write"),
                                           InstanceMethod<&ApiSocket::Watch>("watch"),
                                           InstanceMethod<&ApiSocket::Close>("close"),
                                       }));
}

}  // namespace vpp_punt
