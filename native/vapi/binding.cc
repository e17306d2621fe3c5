#include "vapi/binding.h"

#include <memory>

#include "util/error.h"
#include "util/fd_poll.h"
#include "util/fields.h"
#include "util/loop_hold.h"
#include "vapi/bridge.h"

namespace vpp_punt::vapi {

namespace {

std::vector<std::string> Strings(const Napi::Array& array) {
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++)
    strings.push_back(array.Get(i).As<Napi::String>().Utf8Value());
  return strings;
}

/// A bridge and its threads. It owns itself while the threads run, also after JavaScript has dropped the
/// bridge: the threads run code of this addon, which Node unloads with the last environment. So the
/// environment waits for them.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Endpoint endpoint, std::vector<std::string> keys) : bridge_(std::move(endpoint), std::move(keys)) {}

  /// Returns JavaScript's end of the bridge, or -errno.
  int Start(Napi::Env env) {
    uv_loop_t* const loop = LoopOf(env);
    if (loop == nullptr || bridge_.running()) return -EALREADY;
    hold_ = LoopHold::New(env, [this] { OnEnvEnd(); });
    done_ = std::make_unique<HeldHandle<uv_async_t>>(hold_, this);
    const int error = done_->Initialize([&](uv_async_t* handle) {
      return uv_async_init(loop, handle,
                           [](uv_async_t* async) { static_cast<Session*>(async->data)->OnDone(); });
    });
    const int fd = error == 0 ? Run() : error;
    if (fd < 0) LetGo();
    return fd;
  }

  Bridge& bridge() { return bridge_; }

 private:
  int Run() {
    done_->SetReferenced(false);
    const int fd = bridge_.Start([async = done_->get()] { uv_async_send(async); });
    if (fd >= 0) self_ = shared_from_this();
    return fd;
  }

  void OnEnvEnd() {
    bridge_.Stop();
    done_->SetReferenced(true);  // the loop must run until the threads are done
  }

  void OnDone() {
    bridge_.Join();
    LetGo();
    const std::shared_ptr<Session> last = std::move(self_);
  }

  void LetGo() {
    done_.reset();
    hold_->Disarm();
    hold_.reset();
  }

  Bridge bridge_;
  std::shared_ptr<LoopHold> hold_;
  std::unique_ptr<HeldHandle<uv_async_t>> done_;
  std::shared_ptr<Session> self_;  // while the threads run
};

/// NativeVapiBridge of lib/native.ts.
class VapiBridge : public Napi::ObjectWrap<VapiBridge> {
 public:
  explicit VapiBridge(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VapiBridge>(info) {
    const Endpoint endpoint = {info[1].As<Napi::Boolean>().Value() ? Mode::kSharedMemory : Mode::kSocket,
                               info[0].As<Napi::String>().Utf8Value()};
    session_ = std::make_shared<Session>(endpoint, Strings(info[2].As<Napi::Array>()));
  }

  ~VapiBridge() override { session_->bridge().Stop(); }

  static void Init(Napi::Env env, Napi::Object exports) {
    exports.Set("VapiBridge", DefineClass(env, "VapiBridge",
                                          {
                                              InstanceMethod<&VapiBridge::Start>("start"),
                                              InstanceMethod<&VapiBridge::Failure>("failure"),
                                              InstanceMethod<&VapiBridge::Lookup>("lookup"),
                                          }));
  }

 private:
  Napi::Value Start(const Napi::CallbackInfo& info) {
    const int fd = session_->Start(info.Env());
    if (fd < 0) ThrowErrno(info.Env(), "binapi.connect", "a bridge to libvapiclient", -fd);
    return Napi::Number::New(info.Env(), fd);
  }

  Napi::Value Failure(const Napi::CallbackInfo& info) {
    const vapi::Failure failure = session_->bridge().failure();
    if (failure.code.empty()) return info.Env().Undefined();
    Record record(info.Env());
    record.Text("code", failure.code).Text("message", failure.message);
    return Napi::Value(info.Env(), record.object());
  }

  Napi::Value Lookup(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), session_->bridge().Lookup(info[0].As<Napi::String>().Utf8Value()));
  }

  std::shared_ptr<Session> session_;
};

}  // namespace

void InitVapi(Napi::Env env, Napi::Object exports) {
  VapiBridge::Init(env, exports);
}

}  // namespace vpp_punt::vapi
