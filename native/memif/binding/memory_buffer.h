// Regions and other native memory as ArrayBuffers.
#pragma once

#include <napi.h>

#include <memory>

#include "memif/shared/region.h"

namespace vpp_punt::memif {

/// An ArrayBuffer over `length` bytes at `data`, which keeps `owner`. Null if the runtime refuses external
/// memory.
Napi::Value ExternalBuffer(Napi::Env env, uint8_t* data, uint64_t length, std::shared_ptr<void> owner);

/// The same over `length` bytes of a region from `offset`. Undefined without a region.
Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region, uint64_t offset,
                         uint64_t length);

/// The same over the whole region, as far as a descriptor can address it.
Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region);

/// Whether this runtime allows ArrayBuffers over memory of others.
bool ExternalBuffersAllowed(Napi::Env env);

}  // namespace vpp_punt::memif
