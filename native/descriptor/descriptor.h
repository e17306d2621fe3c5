// An open descriptor that JavaScript owns: NativeDescriptor in lib/native.ts.
#pragma once

#include <napi.h>

#include "util/unique_fd.h"

namespace vpp_punt::descriptor {

/// Closes the descriptor at the latest when the object is collected or its environment ends.
class Descriptor : public Napi::ObjectWrap<Descriptor> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit Descriptor(const Napi::CallbackInfo& info);

  /// A new object that owns `fd`; undefined when no JavaScript object can be made any more.
  static Napi::Value New(Napi::Env env, UniqueFd fd);

  /// The descriptor of such an object, which owns it no longer.
  static UniqueFd TakeFrom(Napi::Value object);

 private:
  // Methods of NativeDescriptor.
  Napi::Value Number(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);
  Napi::Value Duplicate(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  UniqueFd fd_;
};

}  // namespace vpp_punt::descriptor
