// Calls into JavaScript from the event loop.
#pragma once

#include <napi.h>

#include <initializer_list>

namespace vpp_punt {

/// Calls `function` as the event loop calls: the nextTick callbacks and microtasks run before this returns,
/// and what the function throws becomes an uncaughtException. The caller opens a handle scope. `self` is an
/// object, or null for the global one. False when this environment runs no JavaScript any more.
bool CallFromLoop(napi_env env, napi_async_context context, napi_value self, napi_value function,
                  std::initializer_list<napi_value> arguments);

}  // namespace vpp_punt
