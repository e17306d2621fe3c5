#include "descriptor/descriptor.h"

#include <fcntl.h>

#include <cerrno>
#include <vector>

#include "env_state.h"
#include "util/error.h"

namespace vpp_punt::descriptor {

void Descriptor::Init(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(
      env, "NativeDescriptor",
      {InstanceMethod<&Descriptor::Number>("number"), InstanceMethod<&Descriptor::Release>("release"),
       InstanceMethod<&Descriptor::Duplicate>("duplicate"), InstanceMethod<&Descriptor::Close>("close")});
  EnvState::Of(env)->descriptor_class = Napi::Persistent(constructor);
  exports.Set("Descriptor", constructor);
}

/// (number of the descriptor, or nothing)
Descriptor::Descriptor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Descriptor>(info) {
  if (info[0].IsNumber()) fd_.Reset(info[0].As<Napi::Number>().Int32Value());
}

Napi::Value Descriptor::New(Napi::Env env, UniqueFd fd) {
  napi_value object = nullptr;
  Descriptor* descriptor = nullptr;
  const napi_value constructor = EnvState::Of(env)->descriptor_class.Value();
  if (napi_new_instance(env, constructor, 0, nullptr, &object) == napi_ok &&
      napi_unwrap(env, object, reinterpret_cast<void**>(&descriptor)) == napi_ok) {
    descriptor->fd_ = std::move(fd);
    return Napi::Value(env, object);
  }
  // A thread that is being terminated makes no objects.
  return env.Undefined();
}

UniqueFd Descriptor::TakeFrom(Napi::Value object) {
  Descriptor* descriptor = nullptr;
  if (napi_unwrap(object.Env(), object, reinterpret_cast<void**>(&descriptor)) != napi_ok) return UniqueFd();
  return std::move(descriptor->fd_);
}

/// number() -> the descriptor, or -1
Napi::Value Descriptor::Number(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fd_.get());
}

/// release() -> the descriptor, which is the caller's from now on, or -1
Napi::Value Descriptor::Release(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fd_.Release());
}

/// duplicate() -> a descriptor of the same open file
Napi::Value Descriptor::Duplicate(const Napi::CallbackInfo& info) {
  UniqueFd copy(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  copy.SetForeign(fd_.foreign());
  if (copy) return New(info.Env(), std::move(copy));
  ThrowErrno(info.Env(), "descriptor.duplicate", "fcntl", errno);
  return info.Env().Undefined();
}

void Descriptor::Close(const Napi::CallbackInfo&) {
  fd_.Reset();
}

}  // namespace vpp_punt::descriptor
