// Plain objects of JavaScript: reads what lib/ has checked and passes down, and makes results.
#pragma once

#include <node_api.h>

#include <string>

namespace vpp_punt {

/// The named values of an object. In a thread that is being terminated, every access to an object may fail at
/// any moment, and the C++ wrapper would end the process then: here the value is zero, empty or null instead.
class Fields {
 public:
  Fields(napi_env env, napi_value object) : env_(env), object_(object) {}

  /// Null when the value cannot be read.
  napi_value Get(const char* name) const {
    napi_value value = nullptr;
    return napi_get_named_property(env_, object_, name, &value) == napi_ok ? value : nullptr;
  }
  bool IsNumber(const char* name) const {
    napi_valuetype type = napi_undefined;
    const napi_value value = Get(name);
    return value != nullptr && napi_typeof(env_, value, &type) == napi_ok && type == napi_number;
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

/// A new object for JavaScript, filled by name. In a thread that is being terminated the rest stays unset.
class Record {
 public:
  explicit Record(napi_env env) : env_(env) { napi_create_object(env, &object_); }

  Record& Set(const char* name, napi_value value) {
    if (object_ != nullptr && value != nullptr) napi_set_named_property(env_, object_, name, value);
    return *this;
  }
  Record& Number(const char* name, double number) {
    napi_value value = nullptr;
    napi_create_double(env_, number, &value);
    return Set(name, value);
  }
  Record& Boolean(const char* name, bool truth) {
    napi_value value = nullptr;
    napi_get_boolean(env_, truth, &value);
    return Set(name, value);
  }
  Record& Text(const char* name, const std::string& text) {
    napi_value value = nullptr;
    napi_create_string_utf8(env_, text.data(), text.size(), &value);
    return Set(name, value);
  }

  napi_value object() const { return object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
};

/// The memory of a typed array, in its elements; null without one.
template <typename Element>
struct Cells {
  Element* data = nullptr;
  size_t length = 0;

  static Cells Of(napi_env env, napi_value array) {
    Cells cells;
    void* data = nullptr;
    if (napi_get_typedarray_info(env, array, nullptr, &cells.length, &data, nullptr, nullptr) != napi_ok)
      return {};
    cells.data = static_cast<Element*>(data);
    return cells;
  }
};

}  // namespace vpp_punt
