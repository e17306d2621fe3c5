// Errors as JavaScript sees them: the PuntError class of lib/errors.ts, handed in by lib/native.ts.
#pragma once

#include <napi.h>

#include <string>

namespace vpp_punt {

/// Throws PuntError(op, code, message) in JavaScript. `code` is a constant such as "EINVAL".
void ThrowError(Napi::Env env, const std::string& op, const std::string& code, const std::string& message);

/// Throws PuntError for an errno value: code is its name (EACCES), message is `what: <strerror>`.
void ThrowErrno(Napi::Env env, const std::string& op, const std::string& what, int error);

/// The symbolic name of an errno value, "EACCES" for 13.
std::string ErrnoName(int error);

}  // namespace vpp_punt
