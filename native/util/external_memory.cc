#include "util/external_memory.h"

#include <cstring>

namespace vpp_punt {

namespace {

void Release(napi_env, void*, void* hint) {
  delete static_cast<std::shared_ptr<void>*>(hint);
}

Napi::Value Copy(Napi::Env env, const uint8_t* data, size_t length) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, length);
  if (!buffer.IsEmpty()) memcpy(buffer.Data(), data, length);
  return buffer;
}

}  // namespace

Napi::Value NewExternalArrayBuffer(Napi::Env env, uint8_t* data, size_t length, std::shared_ptr<void> owner,
                                   bool* copied) {
  auto* hint = new std::shared_ptr<void>(std::move(owner));
  napi_value buffer;
  napi_status status = napi_create_external_arraybuffer(env, data, length, Release, hint, &buffer);
  *copied = status == napi_no_external_buffers_allowed;
  if (status == napi_ok) return Napi::Value(env, buffer);
  delete hint;
  return *copied ? Copy(env, data, length) : env.Undefined();
}

}  // namespace vpp_punt
