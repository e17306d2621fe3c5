// JavaScript functions bound to a native object.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

namespace vpp_punt::memif {

/// Sets `object[name]` to a function that calls the (captureless) method with `self`, and keeps `self` alive
/// while the function is reachable. For functions that are called once a burst: there is no `this` to unwrap,
/// because the object comes with the function.
template <typename Self, typename Method>
void SetFunction(Napi::Object object, const char* name, const std::shared_ptr<Self>& self, Method) {
  Napi::Env env = object.Env();
  auto* holder = new std::shared_ptr<Self>(self);
  auto call = [](napi_env e, napi_callback_info info) -> napi_value {
    void* data = nullptr;
    napi_get_cb_info(e, info, nullptr, nullptr, nullptr, &data);
    return Method()(**static_cast<std::shared_ptr<Self>*>(data), e, info);
  };
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, holder, &function) != napi_ok) {
    delete holder;
    return;
  }
  auto finalize = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Self>*>(data); };
  napi_add_finalizer(env, function, holder, finalize, nullptr, nullptr);
  object.Set(name, Napi::Value(env, function));
}

/// The first argument as an unsigned number; `fallback` without one.
inline uint32_t UintArgument(napi_env env, napi_callback_info info, uint32_t fallback) {
  napi_value argument;
  size_t count = 1;
  uint32_t value = fallback;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (count > 0) napi_get_value_uint32(env, argument, &value);
  return value;
}

inline napi_value UintResult(napi_env env, uint32_t value) {
  napi_value result;
  napi_create_uint32(env, value, &result);
  return result;
}

inline napi_value BooleanResult(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

}  // namespace vpp_punt::memif
