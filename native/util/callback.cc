#include "util/callback.h"

namespace vpp_punt {

bool CallFromLoop(napi_env env, napi_async_context context, napi_value self, napi_value function,
                  std::initializer_list<napi_value> arguments) {
  if (self == nullptr && napi_get_global(env, &self) != napi_ok) return false;
  napi_value result = nullptr;
  const napi_status status =
      napi_make_callback(env, context, self, function, arguments.size(), arguments.begin(), &result);
  if (status != napi_pending_exception) return status == napi_ok;
  // A worker that ends has a pending exception that cannot be taken.
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(env, &error) != napi_ok || error == nullptr) return false;
  napi_fatal_exception(env, error);
  return true;
}

}  // namespace vpp_punt
