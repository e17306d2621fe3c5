// Why a handshake fails, and whose fault that is.
#pragma once

#include <string>
#include <utility>

namespace vpp_punt::memif {

/// A reason in words, which is sent to the peer; "" if there is none.
struct Fault {
  Fault() = default;
  /// The peer broke a rule.
  Fault(std::string words) : reason(std::move(words)) {}
  Fault(const char* words) : reason(words) {}
  /// This side lacks something, such as memory or descriptors.
  static Fault Ours(std::string words) {
    Fault fault(std::move(words));
    fault.ours = true;
    return fault;
  }

  explicit operator bool() const { return !reason.empty(); }

  std::string reason;
  bool ours = false;
};

}  // namespace vpp_punt::memif
