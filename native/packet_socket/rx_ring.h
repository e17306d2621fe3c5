// The receive ring of a packet socket (TPACKET_V3): blocks of frames that the kernel fills and hands over.
#pragma once

#include <linux/if_packet.h>

#include <cstdint>
#include <memory>

#include "packet_socket/segmenter.h"
#include "util/packet_table.h"
#include "util/system_error.h"

namespace vpp_punt::packet_socket {

struct RingSettings {
  uint32_t block_bytes;  // a multiple of the page size, larger than any frame
  uint32_t blocks;
  uint32_t retire_ms;  // after which the kernel hands over a block that is not full
};

struct RingCounters {
  uint64_t packets = 0, bytes = 0;
  uint64_t too_long = 0;                            // dropped
  uint64_t vlan = 0, checksums = 0, segmented = 0;  // put right
};

/// One consumer, which gets frames where the kernel has put them. A block goes back whole, once the frames of
/// all of it have been shown and the next are asked for.
class RxRing {
 public:
  /// Sets up the ring on a socket that has none, and maps it.
  SystemError Open(int fd, const RingSettings& settings);

  /// Lets go of the ring, which is unmapped once nothing shows its memory. The counters stay.
  void Close() { memory_.reset(); }

  /// Describes the next frames; those of the last call are over. Their offsets are in memory().
  uint32_t Next(PacketTable* table);

  /// The ring, and behind it room for segments.
  const std::shared_ptr<uint8_t>& memory() const { return memory_; }
  size_t size() const { return ring_bytes_ + kScratch; }
  const RingCounters& counters() const { return counters_; }

 private:
  /// Segments of a large frame (64 KiB) with its headers repeated.
  static constexpr size_t kScratch = 1 << 18;

  SystemError Map(int fd);
  void Release();
  bool EnterBlock();
  void TakeFrame(PacketTable* table, uint32_t* count);
  void TakeSegments(PacketTable* table, uint32_t* count);
  void Show(PacketTable* table, uint32_t* count, const Frame& frame);
  tpacket_block_desc* Block(uint64_t index) const;

  RingSettings settings_ = {};
  size_t ring_bytes_ = 0;
  std::shared_ptr<uint8_t> memory_;
  uint64_t given_back_ = 0;  // blocks, of those seen so far
  uint64_t finished_ = 0;
  const uint8_t* at_ = nullptr;  // the next frame in the current block
  uint32_t left_ = 0;            // frames from there on
  bool in_block_ = false;
  Segmenter segmenter_;
  size_t scratch_used_ = 0;
  RingCounters counters_;
};

}  // namespace vpp_punt::packet_socket
