#include "util/callback.h"

namespace vpp_punt {

void CallFromLoop(Napi::Env env, const Napi::AsyncContext& context, Napi::Value self,
                  const Napi::Function& function, std::initializer_list<napi_value> arguments) {
  napi_value result;
  const napi_status status =
      napi_make_callback(env, context, self, function, arguments.size(), arguments.begin(), &result);
  if (status != napi_pending_exception) return;  // also when a worker that ends runs no JavaScript any more
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok && error) napi_fatal_exception(env, error);
}

}  // namespace vpp_punt
