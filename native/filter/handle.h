// Native objects that JavaScript keeps, and passes back to native code.
#pragma once

#include <napi.h>

#include <memory>

#include "filter/matcher.h"

namespace vpp_punt::filter {

template <typename Object>
Napi::Value NewHandle(Napi::Env env, const std::shared_ptr<Object>& object) {
  return Napi::External<std::shared_ptr<Object>>::New(
      env, new std::shared_ptr<Object>(object),
      [](Napi::Env, std::shared_ptr<Object>* held) { delete held; });
}

inline Napi::Value NewMatcherHandle(Napi::Env env, const std::shared_ptr<Matcher>& matcher) {
  return NewHandle(env, matcher);
}

}  // namespace vpp_punt::filter
