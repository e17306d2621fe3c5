#include "memif/binding/memory_buffer.h"

#include <algorithm>

#include "util/external_memory.h"

namespace vpp_punt::memif {

Napi::Value ExternalBuffer(Napi::Env env, uint8_t* data, uint64_t length, std::shared_ptr<void> owner) {
  bool copied = false;
  Napi::Value buffer = NewExternalArrayBuffer(env, data, length, std::move(owner), &copied);
  return copied ? env.Null() : buffer;
}

Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region, uint64_t offset,
                         uint64_t length) {
  if (!region || offset + length > region->size()) return env.Undefined();
  return ExternalBuffer(env, region->data() + offset, length, region);
}

Napi::Value RegionBuffer(Napi::Env env, const std::shared_ptr<Region>& region) {
  if (!region) return env.Undefined();
  return RegionBuffer(env, region, 0, std::min(region->size(), kMaxRegionSize));
}

bool ExternalBuffersAllowed(Napi::Env env) {
  const auto probe = std::make_shared<uint64_t>(0);
  return !ExternalBuffer(env, reinterpret_cast<uint8_t*>(probe.get()), sizeof(uint64_t), probe).IsNull();
}

}  // namespace vpp_punt::memif
