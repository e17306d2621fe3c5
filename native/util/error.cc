#include "util/error.h"

#include <uv.h>

#include <cstring>

#include "env_state.h"

namespace vpp_punt {

std::string ErrnoName(int error) {
  return uv_err_name(-error);  // glibc's strerrorname_np needs 2.32, the package promises 2.31
}

void ThrowError(Napi::Env env, const std::string& op, const std::string& code, const std::string& message) {
  EnvState* state = EnvState::Of(env);
  Napi::Value error = state->error_class.New(
      {Napi::String::New(env, op), Napi::String::New(env, code), Napi::String::New(env, message)});
  if (!env.IsExceptionPending()) napi_throw(env, error);
}

void ThrowErrno(Napi::Env env, const std::string& op, const std::string& what, int error) {
  ThrowError(env, op, ErrnoName(error), what + ": " + strerror(error));
}

}  // namespace vpp_punt
