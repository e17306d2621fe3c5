// ArrayBuffers over native memory.
#pragma once

#include <napi.h>

#include <memory>

namespace vpp_punt {

/// An ArrayBuffer over `length` bytes at `data`, in memory that `owner` keeps alive until the buffer is
/// collected or detached. Where the runtime refuses external memory (napi_no_external_buffers_allowed) the
/// result is a copy and
/// `*copied` is set.
Napi::Value NewExternalArrayBuffer(Napi::Env env, uint8_t* data, size_t length, std::shared_ptr<void> owner,
                                   bool* copied);

}  // namespace vpp_punt
