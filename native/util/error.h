// Errors as JavaScript sees them: the PuntError class of lib/errors.ts, which lib/native.ts passes in.
#pragma once

#include <napi.h>

#include <string>

#include "util/system_error.h"

namespace vpp_punt {

/// Throws PuntError(op, code, message) in JavaScript. `code` is a constant such as "EINVAL".
void ThrowError(Napi::Env env, const std::string& op, const std::string& code, const std::string& message);

/// Throws PuntError for an errno value: the code is its name (EACCES), the message `what: <strerror>`.
void ThrowErrno(Napi::Env env, const std::string& op, const std::string& what, int error);

/// The same for a failed operation.
inline void Throw(Napi::Env env, const std::string& op, const SystemError& failed) {
  ThrowErrno(env, op, failed.what, failed.error);
}

/// The symbolic name of an errno value: "EACCES" for 13.
std::string ErrnoName(int error);

/// The name for JavaScript; undefined for 0.
inline Napi::Value ErrnoNameOf(Napi::Env env, int error) {
  return error == 0 ? env.Undefined() : Napi::String::New(env, ErrnoName(error));
}

}  // namespace vpp_punt
