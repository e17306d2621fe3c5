// Native objects that JavaScript keeps, and passes back to native code.
#pragma once

#include <napi.h>

#include <memory>

#include "filter/matcher.h"

namespace vpp_punt::filter {

/// An object of JavaScript that holds a native one. Node's own kind for that (napi_create_external) leaks
/// memory at the end of an environment.
template <typename Held>
Napi::Value NewHandle(Napi::Env env, const std::shared_ptr<Held>& held) {
  Napi::Object handle = Napi::Object::New(env);
  auto* copy = new std::shared_ptr<Held>(held);
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Held>*>(data); };
  if (napi_wrap(env, handle, copy, finalize, nullptr, nullptr) != napi_ok) delete copy;
  return handle;
}

inline Napi::Value NewMatcherHandle(Napi::Env env, const std::shared_ptr<Matcher>& matcher) {
  return NewHandle(env, matcher);
}

/// The native object in what NewHandle of the same type has made; null for undefined.
template <typename Held>
std::shared_ptr<Held> HeldBy(Napi::Value handle) {
  void* held = nullptr;
  if (!handle.IsObject() || napi_unwrap(handle.Env(), handle, &held) != napi_ok) return nullptr;
  return *static_cast<std::shared_ptr<Held>*>(held);
}

}  // namespace vpp_punt::filter
