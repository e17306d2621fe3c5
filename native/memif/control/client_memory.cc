#include "memif/control/client_memory.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

namespace vpp_punt::memif {

namespace {

constexpr uint16_t kRingRegion = 0;
constexpr uint16_t kBufferRegion = 1;

/// Hands out buffers of region 1 in order, so that those of neighboring slots touch: a chain over them is
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

/// Gives every slot of an empty ring its buffer. A receive ring is posted in full when the server has
/// answered; a transmit ring starts empty.
void FillRing(LinkRing& link_ring, uint32_t buffer_size) {
  uint32_t size = link_ring.ring.size();
  for (uint32_t slot = 0; slot < size; slot++) {
    link_ring.ring.StoreDescriptor(static_cast<uint16_t>(slot),
                                   {0, kBufferRegion, buffer_size, link_ring.buffers[slot], 0});
  }
}

/// Gives every slot of every ring a buffer, and every receive ring its spare buffers.
void LayOutBuffers(Link& link, const Settings& settings, const RingPlan& plan) {
  const uint32_t slots = 1u << plan.log2_ring_size;
  BufferLayout layout(settings.buffer_size);
  for (auto* rings : {&link.tx, &link.rx}) {
    for (LinkRing& ring : *rings) {
      ring.buffers = layout.Take(slots);
      FillRing(ring, settings.buffer_size);
    }
  }
  for (LinkRing& ring : link.rx) {
    const std::vector<uint32_t> spares = layout.Take(settings.spare_buffers);
    ring.buffers.insert(ring.buffers.end(), spares.begin(), spares.end());
  }
}

/// The same with buffers of the pool.
Fault TakeBuffers(Link& link, const Settings& settings, uint32_t slots) {
  for (auto* rings : {&link.tx, &link.rx}) {
    for (LinkRing& ring : *rings) {
      ring.buffers = link.pool->Take(slots + (rings == &link.rx ? settings.spare_buffers : 0));
      if (ring.buffers.empty())
        return Fault::Ours("earlier connections have not given their buffers in the shared memory back yet");
      FillRing(ring, settings.buffer_size);
    }
  }
  return {};
}

}  // namespace

std::shared_ptr<Link> BuildClientMemory(const Settings& settings, const RingPlan& plan,
                                        const std::shared_ptr<BufferPool>& pool, Fault* fault) {
  auto link = std::make_shared<Link>();
  link->pool = pool;
  uint64_t slots = uint64_t{1} << plan.log2_ring_size;
  uint64_t rings = plan.s2m_rings + plan.m2s_rings;
  uint64_t buffers = rings * slots + uint64_t{plan.m2s_rings} * settings.spare_buffers;
  if (buffers * settings.buffer_size > UINT32_MAX) {
    *fault = Fault::Ours("buffers take more than the 4 GiB that a descriptor can address");
    return nullptr;
  }
  link->role = Role::kClient;
  link->buffer_size = settings.buffer_size;
  link->regions = {Region::Create(rings * RingBytes(plan.log2_ring_size)),
                   pool ? pool->region() : Region::Create(buffers * settings.buffer_size)};
  if (!link->regions[0] || !link->regions[1]) {
    *fault = Fault::Ours(std::string("no memory for the region: ") + strerror(errno));
    return nullptr;
  }
  uint64_t offset = 0;
  for (int i = 0; i < plan.s2m_rings; i++)
    link->tx.push_back(MakeRing(*link->regions[0], &offset, plan.log2_ring_size));
  for (int i = 0; i < plan.m2s_rings; i++)
    link->rx.push_back(MakeRing(*link->regions[0], &offset, plan.log2_ring_size));
  if (!link->HasDoorbells()) {
    *fault = Fault::Ours(std::string("no doorbell for a ring: ") + strerror(errno));
    return nullptr;
  }
  if (!pool) {
    LayOutBuffers(*link, settings, plan);
  } else if (*fault = TakeBuffers(*link, settings, static_cast<uint32_t>(slots)); *fault) {
    return nullptr;
  }
  return link;
}

}  // namespace vpp_punt::memif
