// Reading the plain objects that lib/ hands over, and has checked.
#pragma once

#include <node_api.h>

#include <string>

namespace vpp_punt {

/// Named values of an object. In a thread that is being terminated every access to an object fails, at any
/// moment, and the C++ wrapper would end the process then: here the value is zero, empty or null instead.
class Fields {
 public:
  Fields(napi_env env, napi_value object) : env_(env), object_(object) {}

  /// Null when it cannot be had.
  napi_value Get(const char* name) const {
    napi_value value = nullptr;
    return napi_get_named_property(env_, object_, name, &value) == napi_ok ? value : nullptr;
  }
  uint32_t Number(const char* name) const { return static_cast<uint32_t>(Integer(name)); }
  int64_t Integer(const char* name) const {
    int64_t number = 0;
    if (napi_value value = Get(name)) napi_get_value_int64(env_, value, &number);
    return number;
  }
  bool Boolean(const char* name) const {
    bool truth = false;
    if (napi_value value = Get(name)) napi_get_value_bool(env_, value, &truth);
    return truth;
  }
  std::string Text(const char* name) const {
    size_t size = 0;
    napi_value value = Get(name);
    if (!value || napi_get_value_string_utf8(env_, value, nullptr, 0, &size) != napi_ok) return "";
    std::string text(size, '\0');
    napi_get_value_string_utf8(env_, value, text.data(), size + 1, &size);
    return text;
  }

 private:
  napi_env env_;
  napi_value object_;
};

}  // namespace vpp_punt
