#include "memif/binding/memory_buffer.h"

#include <algorithm>

#include "util/external_memory.h"

namespace vpp_punt::memif {

Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region, uint64_t offset,
                         uint64_t length) {
  if (!region || offset + length > region->size()) return env.Undefined();
  bool copied = false;
  Napi::Value buffer = NewExternalArrayBuffer(env, region->data() + offset, length, region, &copied);
  return copied ? env.Null() : buffer;
}

Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region) {
  if (!region) return env.Undefined();
  return RegionBuffer(env, region, 0, std::min<uint64_t>(region->size(), UINT32_MAX));
}

bool ExternalBuffersAllowed(Napi::Env env) {
  std::shared_ptr<Region> probe = Region::Anonymous(1);
  return probe && !RegionBuffer(env, probe).IsNull();
}

}  // namespace vpp_punt::memif
