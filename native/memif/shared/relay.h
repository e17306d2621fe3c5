// An engine between the rings of a connection and the queues. A link without one needs none: the queues read
// and write the rings themselves.
//
// It never sees memory that the peer can write while it looks: it gets private copies of descriptors that
// have been found good, and what it makes of them is checked once more.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memif/shared/wire.h"

namespace vpp_punt::memif {

/// Of a receive ring. Used by the thread that has the queue.
class RxRelay {
 public:
  virtual ~RxRelay() = default;

  /// Moves the descriptors of the next `count` slots through the engine: whole packets, which become what the
  /// engine makes of them. False when it does not take them.
  virtual bool Receive(memif_desc_t* descs, uint32_t count) = 0;
  /// The oldest `count` slots that were received are free.
  virtual void Release(uint32_t count) = 0;
};

/// Of a transmit ring, likewise.
class TxRelay {
 public:
  virtual ~TxRelay() = default;

  /// Has the engine allocate the next slot, whose buffer `desc` describes; it becomes what the engine gives.
  virtual bool Allocate(memif_desc_t* desc) = 0;
  /// Sends the next `count` of the allocated slots, filled as `descs` say; they become what the engine sends.
  virtual bool Send(memif_desc_t* descs, uint32_t count) = 0;
};

class Relay {
 public:
  virtual ~Relay() = default;

  /// By the ring's index in the link.
  virtual RxRelay& rx(size_t index) = 0;
  virtual TxRelay& tx(size_t index) = 0;
};

}  // namespace vpp_punt::memif
