#pragma once

#include <napi.h>

namespace vpp_punt::descriptor {

/// The first argument of a call that works on an open descriptor.
inline int FdOf(const Napi::CallbackInfo& info) {
  return info[0].As<Napi::Number>().Int32Value();
}

}  // namespace vpp_punt::descriptor
