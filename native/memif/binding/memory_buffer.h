// Regions as ArrayBuffers.
#pragma once

#include <napi.h>

#include <memory>

#include "memif/shared/region.h"

namespace vpp_punt::memif {

/// An ArrayBuffer over `length` bytes of a region from `offset`, which it keeps mapped; undefined when there
/// is no region, null where the runtime refuses external memory.
Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region, uint64_t offset,
                         uint64_t length);

/// The same over the whole region, as far as a descriptor can address it.
Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region);

/// Whether this runtime allows ArrayBuffers over memory that is not its own.
bool ExternalBuffersAllowed(Napi::Env env);

}  // namespace vpp_punt::memif
