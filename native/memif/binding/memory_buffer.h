// Regions as ArrayBuffers.
#pragma once

#include <napi.h>

#include <memory>

#include "memif/shared/region.h"

namespace vpp_punt::memif {

/// An ArrayBuffer over `length` bytes of a region from `offset`, which it keeps mapped. Undefined without a
/// region, null if the runtime refuses external memory.
Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region, uint64_t offset,
                         uint64_t length);

/// The same over the whole region, as far as a descriptor can address it.
Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region);

/// Whether this runtime allows ArrayBuffers over memory of others.
bool ExternalBuffersAllowed(Napi::Env env);

}  // namespace vpp_punt::memif
