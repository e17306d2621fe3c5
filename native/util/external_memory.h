// ArrayBuffers over native memory.
#pragma once

#include <napi.h>

#include <memory>

namespace vpp_punt {

/// Returns an ArrayBuffer over `length` bytes at `data`. It keeps `owner`, and so the memory, until it is
/// collected or detached. A runtime that refuses external memory (napi_no_external_buffers_allowed) gets a
/// copy, and `*copied` is set. Undefined in a thread that is being terminated.
Napi::Value NewExternalArrayBuffer(Napi::Env env, uint8_t* data, size_t length, std::shared_ptr<void> owner,
                                   bool* copied);

}  // namespace vpp_punt
