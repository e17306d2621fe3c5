// Calls into JavaScript from the event loop.
#pragma once

#include <napi.h>

#include <initializer_list>

namespace vpp_punt {

/// Calls `function` with everything that belongs to a call from the event loop: nextTick callbacks and
/// microtasks run before this returns, and what the function throws becomes an uncaughtException. Needs a
/// handle scope.
void CallFromLoop(Napi::Env env, const Napi::AsyncContext& context, Napi::Value self,
                  const Napi::Function& function, std::initializer_list<napi_value> arguments);

}  // namespace vpp_punt
