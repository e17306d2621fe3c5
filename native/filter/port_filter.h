// The filter of a port that shows its bursts in the table that they were taken into.
#pragma once

#include <napi.h>

#include <memory>

#include "filter/rules.h"

namespace vpp_punt::filter {

/// The rules behind the `handle` of NativeRules in lib/native.ts; null for undefined.
std::shared_ptr<Rules> RulesOf(Napi::Value handle);

class PortFilter {
 public:
  void Set(Napi::Value handle) { rules_ = RulesOf(handle); }

  /// Moves the packets to deliver to the front of the table. Returns their number.
  uint32_t Keep(const Burst& burst, uint32_t count);

  /// Dropped packets, and their bytes.
  uint64_t packets() const { return packets_; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Rules> rules_;
  uint64_t packets_ = 0, bytes_ = 0;
};

}  // namespace vpp_punt::filter
