// Reads the options objects that lib/punt-socket.ts passes down, which it has checked.
#pragma once

#include <napi.h>

#include <string>

namespace vpp_punt::punt_socket {

inline std::string StringOption(const Napi::Object& options, const char* name) {
  Napi::Value value = options.Get(name);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

inline uint32_t NumberOption(const Napi::Object& options, const char* name) {
  return options.Get(name).ToNumber().Uint32Value();
}

}  // namespace vpp_punt::punt_socket
