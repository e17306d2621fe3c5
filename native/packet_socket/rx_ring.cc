#include "packet_socket/rx_ring.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>

#include "util/mapping.h"

namespace vpp_punt::packet_socket {

namespace {

template <typename Value>
SystemError Set(int fd, int option, const Value& value, const char* what) {
  return {setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) == 0 ? 0 : errno, what};
}

/// Of the block's status word, which kernel and consumer hand to each other.
uint32_t LoadStatus(const tpacket_block_desc* block) {
  return __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
}

}  // namespace

SystemError RxRing::Open(int fd, const RingSettings& settings) {
  settings_ = settings;
  ring_bytes_ = static_cast<size_t>(settings.block_bytes) * settings.blocks;
  tpacket_req3 request = {};
  request.tp_block_size = settings.block_bytes;
  request.tp_block_nr = settings.blocks;
  // Of variable size in this version; the kernel wants numbers that fit.
  request.tp_frame_size = settings.block_bytes;
  request.tp_frame_nr = settings.blocks;
  request.tp_retire_blk_tov = settings.retire_ms;
  SystemError failed = Set(fd, PACKET_VERSION, static_cast<int>(TPACKET_V3), "TPACKET_V3");
  if (failed.error == 0) failed = Set(fd, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
  if (failed.error == 0) failed = Set(fd, PACKET_RESERVE, kHeadroom, "PACKET_RESERVE");
  if (failed.error == 0) failed = Set(fd, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
  if (failed.error == 0) failed = Set(fd, PACKET_RX_RING, request, "receive ring");
  return failed.error == 0 ? Map(fd) : failed;
}

/// One range of addresses for the ring and the scratch behind it: one ArrayBuffer shows both.
SystemError RxRing::Map(int fd) {
  const std::shared_ptr<Mapping> range = Mapping::New(size());
  if (!range) return {errno, "memory for the ring"};
  memory_ = {range, range->data()};
  void* ring = mmap(memory_.get(), ring_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  return {ring == MAP_FAILED ? errno : 0, "mapping of the receive ring"};
}

uint32_t RxRing::Next(PacketTable* table) {
  Release();
  uint32_t count = 0;
  while (count < table->capacity()) {
    if (segmenter_.Pending()) {
      const uint32_t before = count;
      TakeSegments(table, &count);
      if (count == before) break;  // the scratch is full
    } else if (left_ > 0 || EnterBlock()) {
      TakeFrame(table, &count);
    } else {
      break;
    }
  }
  counters_.packets += count;
  return count;
}

/// Gives back the blocks whose frames have all been shown. Pairs with the kernel's reading of the status.
void RxRing::Release() {
  scratch_used_ = 0;
  // A large frame that is being cut still lies in the last of them.
  const uint64_t end = finished_ - (segmenter_.Pending() && !in_block_ ? 1 : 0);
  for (; given_back_ < end; given_back_++) {
    __atomic_store_n(&Block(given_back_)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  }
}

/// False when the kernel has not handed over another block. One round at most is on show.
bool RxRing::EnterBlock() {
  if (finished_ - given_back_ >= settings_.blocks) return false;
  const tpacket_block_desc* block = Block(finished_);
  if (!(LoadStatus(block) & TP_STATUS_USER)) return false;
  left_ = block->hdr.bh1.num_pkts;
  at_ = reinterpret_cast<const uint8_t*>(block) + block->hdr.bh1.offset_to_first_pkt;
  in_block_ = left_ > 0;
  if (!in_block_) finished_++;
  return in_block_;
}

void RxRing::TakeFrame(PacketTable* table, uint32_t* count) {
  const auto& header = *reinterpret_cast<const tpacket3_hdr*>(at_);
  Frame frame = {const_cast<uint8_t*>(at_) + header.tp_mac, header.tp_snaplen};
  at_ += header.tp_next_offset;
  if (--left_ == 0) {
    in_block_ = false;
    finished_++;
  }
  if (header.tp_snaplen < header.tp_len) {
    counters_.too_long++;
    return;
  }
  Offload offload;
  const bool partial = header.tp_status & TP_STATUS_CSUMNOTREADY;
  if (partial) offload = OffloadOf(frame);
  const bool large = offload.gso_type != VIRTIO_NET_HDR_GSO_NONE;
  if (partial && !large) {
    CompleteChecksum(frame, offload);
    counters_.checksums++;
  }
  if (header.tp_status & TP_STATUS_VLAN_VALID) {
    RestoreVlanTag(&frame, &offload, header);
    counters_.vlan++;
  }
  if (large && segmenter_.Start(frame, offload)) {
    counters_.segmented++;
    return;
  }
  Show(table, count, frame);
}

void RxRing::TakeSegments(PacketTable* table, uint32_t* count) {
  while (segmenter_.Pending() && *count < table->capacity()) {
    const uint32_t length = segmenter_.NextLength();
    if (scratch_used_ + length > kScratch) return;
    uint8_t* into = memory_.get() + ring_bytes_ + scratch_used_;
    segmenter_.Next(into);
    Show(table, count, {into, length});
    scratch_used_ += (length + 7) / 8 * 8;
  }
}

void RxRing::Show(PacketTable* table, uint32_t* count, const Frame& frame) {
  table->Set((*count)++, static_cast<uint32_t>(frame.data - memory_.get()), frame.length, 0);
  counters_.bytes += frame.length;
}

tpacket_block_desc* RxRing::Block(uint64_t index) const {
  uint8_t* start = memory_.get() + index % settings_.blocks * settings_.block_bytes;
  return reinterpret_cast<tpacket_block_desc*>(start);
}

}  // namespace vpp_punt::packet_socket
