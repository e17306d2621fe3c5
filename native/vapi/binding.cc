#include "vapi/binding.h"

#include <memory>

#include "util/error.h"
#include "vapi/bridge.h"

namespace vpp_punt::vapi {

namespace {

std::vector<std::string> Strings(const Napi::Array& array) {
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++)
    strings.push_back(array.Get(i).As<Napi::String>().Utf8Value());
  return strings;
}

/// An environment that ends waits for the bridge: its threads run this addon's code.
class VapiBridge : public Napi::ObjectWrap<VapiBridge> {
 public:
  explicit VapiBridge(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VapiBridge>(info) {
    const Endpoint endpoint = {info[1].As<Napi::Boolean>().Value() ? Mode::kSharedMemory : Mode::kSocket,
                               info[0].As<Napi::String>().Utf8Value()};
    bridge_ = std::make_shared<Bridge>(endpoint, Strings(info[2].As<Napi::Array>()));
    env_ = info.Env();
    napi_add_env_cleanup_hook(env_, OnEnvEnd, bridge_.get());
  }

  ~VapiBridge() override {
    bridge_->Stop();
    napi_remove_env_cleanup_hook(env_, OnEnvEnd, bridge_.get());
  }

  static void Init(Napi::Env env, Napi::Object exports) {
    exports.Set("VapiBridge", DefineClass(env, "VapiBridge",
                                          {
                                              InstanceMethod<&VapiBridge::Start>("start"),
                                              InstanceMethod<&VapiBridge::Failure>("failure"),
                                              InstanceMethod<&VapiBridge::Lookup>("lookup"),
                                          }));
  }

 private:
  static void OnEnvEnd(void* data) {
    auto* bridge = static_cast<Bridge*>(data);
    bridge->Stop();
    bridge->Wait();
  }

  Napi::Value Start(const Napi::CallbackInfo& info) {
    const int fd = bridge_->Start();
    if (fd < 0) ThrowErrno(info.Env(), "binapi.connect", "socketpair", -fd);
    return Napi::Number::New(info.Env(), fd);
  }

  Napi::Value Failure(const Napi::CallbackInfo& info) {
    const vapi::Failure failure = bridge_->failure();
    if (failure.code.empty()) return info.Env().Undefined();
    Napi::Object result = Napi::Object::New(info.Env());
    result["code"] = failure.code;
    result["message"] = failure.message;
    return result;
  }

  Napi::Value Lookup(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), bridge_->Lookup(info[0].As<Napi::String>().Utf8Value()));
  }

  std::shared_ptr<Bridge> bridge_;
  napi_env env_ = nullptr;
};

}  // namespace

void InitVapi(Napi::Env env, Napi::Object exports) {
  VapiBridge::Init(env, exports);
}

}  // namespace vpp_punt::vapi
