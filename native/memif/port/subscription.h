// The events of a port, on their way from the control thread to a JavaScript thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "memif/control/session.h"

namespace vpp_punt::memif {

struct PortEvent {
  enum class Type { kUp, kDown, kRefused };
  Type type;
  std::string peer;  // its program
  std::string peer_interface;
  uint16_t rx_queues = 0;  // in use with this peer
  uint16_t tx_queues = 0;
  bool sealed = false;  // its memory cannot shrink
  Ending ending = {};   // of down and refused
};

/// The events of a port for one listener, in order. The control thread writes them, the listener's thread
/// reads them.
class Subscription {
 public:
  void Push(const PortEvent& event);
  std::vector<PortEvent> Take();
  /// Calls `wake` from the control thread whenever there are events, and at once if there are some already.
  void Listen(std::function<void()> wake);
  /// After it returns, the wake function is not called any more, and no event is kept.
  void Cancel();

 private:
  std::mutex mutex_;
  std::vector<PortEvent> events_;
  std::function<void()> wake_;
  bool canceled_ = false;
};

}  // namespace vpp_punt::memif
