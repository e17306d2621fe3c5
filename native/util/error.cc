#include "util/error.h"

#include <uv.h>

#include <cstring>

#include "env_state.h"

namespace vpp_punt {

std::string ErrnoName(int error) {
  return uv_err_name(-error);  // glibc's strerrorname_np needs 2.32, the package promises 2.31
}

void ThrowError(Napi::Env env, const std::string& op, const std::string& code, const std::string& message) {
  // Plain N-API: in a thread that is being terminated each of these may fail, and then nothing is thrown.
  napi_value arguments[3] = {};
  const std::string* const texts[] = {&op, &code, &message};
  for (int i = 0; i < 3; i++) {
    if (napi_create_string_utf8(env, texts[i]->data(), texts[i]->size(), &arguments[i]) != napi_ok) return;
  }
  const napi_value error_class = EnvState::Of(env)->error_class.Value();
  napi_value error = nullptr;
  if (napi_new_instance(env, error_class, 3, arguments, &error) == napi_ok) napi_throw(env, error);
}

void ThrowErrno(Napi::Env env, const std::string& op, const std::string& what, int error) {
  ThrowError(env, op, ErrnoName(error), what + ": " + strerror(error));
}

}  // namespace vpp_punt
