#include "api_socket/api_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

#include <cstring>

#include "util/callback.h"
#include "util/error.h"

namespace vpp_punt {

namespace {

constexpr char kOp[] = "binapi.connect";

/// The bytes from `start` to `end` of a Uint8Array that JavaScript has checked.
struct Slice {
  uint8_t* data;
  size_t size;
};

Slice SliceOf(const Napi::CallbackInfo& info) {
  Napi::Uint8Array array = info[0].As<Napi::Uint8Array>();
  const size_t start = info[1].As<Napi::Number>().Uint32Value();
  const size_t end = info[2].As<Napi::Number>().Uint32Value();
  if (start > end || end > array.ByteLength()) return {nullptr, 0};
  return {array.Data() + start, end - start};
}

}  // namespace

ApiSocket::ApiSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ApiSocket>(info) {
  Napi::Env env = info.Env();
  if (info[0].IsNumber()) {
    fd_.Reset(info[0].As<Napi::Number>().Int32Value());
  } else if (!Connect(env, info[0].As<Napi::String>().Utf8Value())) {
    return;
  }
  on_ready_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(env, "VPP_PUNT_API_SOCKET");
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  hold_ = LoopHold::New(env, [this] { Shut(); });
  poll_ = std::make_unique<HeldHandle<uv_poll_t>>(hold_, this);
  int error = poll_->Initialize([&](uv_poll_t* poll) { return uv_poll_init(loop, poll, fd_.get()); });
  if (error == 0) error = Watch(UV_READABLE);
  if (error != 0) {
    ThrowErrno(env, kOp, "uv_poll", -error);
    return;
  }
  Ref();  // until Close: the event loop refers to this object
}

int ApiSocket::Watch(int events) {
  return uv_poll_start(poll_->get(), events, [](uv_poll_t* poll, int status, int ready) {
    static_cast<ApiSocket*>(poll->data)->OnEvents(status, ready);
  });
}

bool ApiSocket::Connect(Napi::Env env, const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    ThrowErrno(env, kOp, path, path.empty() ? EINVAL : ENAMETOOLONG);
    return false;
  }
  memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ThrowErrno(env, kOp, path, errno);
    return false;
  }
  fd_ = std::move(fd);
  return true;
}

Napi::Value ApiSocket::Read(const Napi::CallbackInfo& info) {
  const Slice room = SliceOf(info);
  if (!fd_) return Napi::Number::New(info.Env(), -EBADF);
  const ssize_t size = recv(fd_.get(), room.data, room.size, MSG_DONTWAIT);
  return Napi::Number::New(info.Env(), static_cast<double>(size < 0 ? -errno : size));
}

Napi::Value ApiSocket::Write(const Napi::CallbackInfo& info) {
  const Slice bytes = SliceOf(info);
  if (!fd_) return Napi::Number::New(info.Env(), -EBADF);
  const ssize_t size = send(fd_.get(), bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return Napi::Number::New(info.Env(), static_cast<double>(size < 0 ? -errno : size));
}

void ApiSocket::WatchWritable(const Napi::CallbackInfo& info) {
  const bool wanted = info[0].As<Napi::Boolean>().Value();
  if (fd_) Watch(wanted ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

void ApiSocket::Close(const Napi::CallbackInfo&) {
  if (!fd_) return;
  Shut();
  Unref();
}

void ApiSocket::Shut() {
  poll_.reset();  // before the fd, whose number may be another file's at once
  fd_.Reset();
  on_ready_.Reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
}

void ApiSocket::OnEvents(int status, int events) {
  Napi::Env env = Env();
  Napi::HandleScope scope(env);
  const bool writable = status == 0 && (events & UV_WRITABLE) != 0;
  CallFromLoop(env, *context_, Value(), on_ready_.Value(),
               {Napi::Boolean::New(env, writable), Napi::Boolean::New(env, status != 0)});
}

void ApiSocket::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("ApiSocket", DefineClass(env, "ApiSocket",
                                       {
                                           InstanceMethod<&ApiSocket::Read>("read"),
                                           InstanceMethod<&ApiSocket::Write>("write"),
                                           InstanceMethod<&ApiSocket::WatchWritable>("watchWritable"),
                                           InstanceMethod<&ApiSocket::Close>("close"),
                                       }));
}

void InitApiSocket(Napi::Env env, Napi::Object exports) {
  ApiSocket::Init(env, exports);
}

}  // namespace vpp_punt
