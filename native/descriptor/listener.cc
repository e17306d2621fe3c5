#include "descriptor/listener.h"

#include <sys/socket.h>

#include <cerrno>

#include "descriptor/descriptor.h"
#include "util/callback.h"
#include "util/error.h"
#include "util/fields.h"
#include "util/hang_up.h"

namespace vpp_punt::descriptor {

namespace {

constexpr int kBacklog = 128;

}  // namespace

void Listener::Init(Napi::Env env, Napi::Object exports) {
  exports.Set("PassingListener", DefineClass(env, "NativePassingListener",
                                             {InstanceMethod<&Listener::Watch>("watch"),
                                              InstanceMethod<&Listener::SetRef>("setRef"),
                                              InstanceMethod<&Listener::Close>("close")}));
}

/// ({ path, mode, group, sequenced }, onConnection(NativeDescriptor, or the name of what keeps it from
/// accepting one))
Listener::Listener(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Listener>(info) {
  on_connection_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(info.Env(), "VPP_PUNT_PASSING_LISTENER");
  const SystemError failed = Open(info);
  if (failed.error != 0) {
    Shut();
    ThrowErrno(info.Env(), "descriptor-server.listen", failed.what, failed.error);
    return;
  }
  Ref();  // until Close: the event loop refers to this object
}

SystemError Listener::Open(const Napi::CallbackInfo& info) {
  const Fields options(info.Env(), info[0]);
  const int64_t group = options.Integer("group");
  const int type = options.Boolean("sequenced") ? SOCK_SEQPACKET : SOCK_STREAM;
  fd_.Reset(socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return {errno, "socket"};
  const auto owner = group < 0 ? std::nullopt : std::optional(static_cast<gid_t>(group));
  const BindOptions how = {.mode = options.Number("mode"), .group = owner, .backlog = kBacklog};
  if (SystemError failed = bound_.Bind(fd_.get(), options.Text("path"), how)) return failed;
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  hold_ = LoopHold::New(info.Env(), [this] { Shut(); });
  poll_ = std::make_unique<HeldHandle<uv_poll_t>>(hold_, this);
  return {-poll_->Initialize([&](uv_poll_t* poll) { return uv_poll_init(loop, poll, fd_.get()); }),
          "event loop"};
}

/// watch(wanted): whether to accept connections
void Listener::Watch(const Napi::CallbackInfo& info) {
  if (!poll_) return;
  if (!info[0].ToBoolean()) {
    uv_poll_stop(poll_->get());
    return;
  }
  uv_poll_start(poll_->get(), UV_READABLE,
                [](uv_poll_t* poll, int, int) { static_cast<Listener*>(poll->data)->Accept(); });
}

void Listener::SetRef(const Napi::CallbackInfo& info) {
  if (poll_) poll_->SetReferenced(info[0].ToBoolean());
}

/// One connection a turn of the event loop: the rest of it goes on beside.
void Listener::Accept() {
  const Napi::Env env = Env();
  UniqueFd connection(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const int error = connection ? 0 : errno;
  if (error == EAGAIN || error == ECONNABORTED || error == EINTR) return;
  Napi::HandleScope scope(env);
  const Napi::Value result = error == 0 ? Descriptor::New(env, std::move(connection))
                                        : Napi::Value(Napi::String::New(env, ErrnoName(error)));
  CallFromLoop(env, *context_, Value(), on_connection_.Value(), {result});
}

void Listener::Close(const Napi::CallbackInfo&) {
  if (!poll_) return;
  Shut();
  Unref();
}

void Listener::Shut() {
  bound_.Remove();
  poll_.reset();
  HangUpListener(std::move(fd_));
  on_connection_.Reset();
  if (hold_) hold_->Disarm();
  hold_.reset();
}

}  // namespace vpp_punt::descriptor
