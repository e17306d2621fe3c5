#include "memif/control/client_memory.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

namespace vpp_punt::memif {

namespace {

constexpr uint16_t kRingRegion = 0;
constexpr uint16_t kBufferRegion = 1;

/// Hands out buffers of region 1 in order, so that those of neighbouring slots touch: a chain over them is
/// one piece of memory.
class BufferLayout {
 public:
  explicit BufferLayout(uint32_t buffer_size) : buffer_size_(buffer_size) {}

  std::vector<uint32_t> Take(uint32_t count) {
    std::vector<uint32_t> offsets(count);
    for (uint32_t& offset : offsets) offset = static_cast<uint32_t>(buffer_size_ * next_++);
    return offsets;
  }

 private:
  uint64_t buffer_size_;
  uint64_t next_ = 0;
};

LinkRing MakeRing(Region& region, uint64_t* offset, uint8_t log2_size) {
  LinkRing made;
  made.ring = Ring(reinterpret_cast<memif_ring_t*>(region.data() + *offset), log2_size);
  made.ring.Initialize();
  made.region = kRingRegion;
  made.offset = static_cast<uint32_t>(*offset);
  made.buffer_region = kBufferRegion;
  made.doorbell.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  *offset += RingBytes(log2_size);
  return made;
}

/// Gives every slot of an empty ring its buffer. A receive ring is posted in full; a transmit ring starts
/// empty.
void FillRing(LinkRing& link_ring, uint32_t buffer_size) {
  uint32_t size = link_ring.ring.size();
  for (uint32_t slot = 0; slot < size; slot++) {
    link_ring.ring.StoreDescriptor(static_cast<uint16_t>(slot),
                                   {0, kBufferRegion, buffer_size, link_ring.buffers[slot], 0});
  }
}

}  // namespace

std::shared_ptr<Link> BuildClientMemory(const Settings& settings, const Agreed& agreed, std::string* fault) {
  auto link = std::make_shared<Link>();
  uint64_t slots = uint64_t{1} << agreed.log2_ring_size;
  uint64_t rings = agreed.s2m_rings + agreed.m2s_rings;
  uint64_t buffers = rings * slots + uint64_t{agreed.m2s_rings} * settings.spare_buffers;
  if (buffers * settings.buffer_size > UINT32_MAX) {
    *fault = "buffers take more than the 4 GiB that a descriptor can address";
    return nullptr;
  }
  link->role = Role::kClient;
  link->buffer_size = settings.buffer_size;
  link->regions = {Region::Create(rings * RingBytes(agreed.log2_ring_size)),
                   Region::Create(buffers * settings.buffer_size)};
  if (!link->regions[0] || !link->regions[1]) {
    *fault = std::string("no memory for the region: ") + strerror(errno);
    return nullptr;
  }
  uint64_t offset = 0;
  for (int i = 0; i < agreed.s2m_rings; i++)
    link->tx.push_back(MakeRing(*link->regions[0], &offset, agreed.log2_ring_size));
  for (int i = 0; i < agreed.m2s_rings; i++)
    link->rx.push_back(MakeRing(*link->regions[0], &offset, agreed.log2_ring_size));
  BufferLayout layout(settings.buffer_size);
  for (LinkRing& ring : link->tx) {
    ring.buffers = layout.Take(static_cast<uint32_t>(slots));
    FillRing(ring, settings.buffer_size);
  }
  for (LinkRing& ring : link->rx) {
    ring.buffers = layout.Take(static_cast<uint32_t>(slots));
    FillRing(ring, settings.buffer_size);
  }
  for (LinkRing& ring : link->rx) {
    std::vector<uint32_t> spares = layout.Take(settings.spare_buffers);
    ring.buffers.insert(ring.buffers.end(), spares.begin(), spares.end());
  }
  return link;
}

}  // namespace vpp_punt::memif
