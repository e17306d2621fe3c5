// An engine between the rings of a connection and the queues. The queues of a link without a relay read and
// write the rings themselves.
//
// A relay never sees memory that the peer can write at the same time: it gets private copies of descriptors
// that have been found good, and its results are checked once more.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memif/shared/wire.h"

namespace vpp_punt::memif {

/// The relay of a receive ring. The thread that has the queue uses it.
class RxRelay {
 public:
  virtual ~RxRelay() = default;

  /// Moves the descriptors of the next `count` slots, which are whole packets, through the engine, and
  /// replaces them by the engine's. Returns false if the engine does not take them.
  virtual bool Receive(memif_desc_t* descs, uint32_t count) = 0;
  /// The oldest `count` slots that were received are free.
  virtual void Release(uint32_t count) = 0;
};

/// The relay of a transmit ring, likewise.
class TxRelay {
 public:
  virtual ~TxRelay() = default;

  /// Has the engine allocate the next slot, whose buffer `desc` describes, and replaces `desc` by the
  /// engine's.
  virtual bool Allocate(memif_desc_t* desc) = 0;
  /// Sends the next `count` of the allocated slots, filled as `descs` say, and replaces `descs` by the
  /// engine's.
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
