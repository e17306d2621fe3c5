// A receiving punt socket without JavaScript: which thread reads when, where packets wait, what is counted.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "punt_socket/burst.h"
#include "punt_socket/slab_ring.h"
#include "punt_socket/vpp_peer.h"
#include "util/bound_path.h"
#include "util/packet_table.h"
#include "util/priority_mutex.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

struct ReceiverOptions {
  std::string path;
  mode_t mode;
  std::optional<gid_t> group;
  std::string vpp_path;  // empty: unconnected
  uint32_t batch;        // datagrams a burst
  size_t max_packet;     // bytes, without the descriptor
  size_t ring_slabs;
  int send_buffer;  // SO_SNDBUF; 0 leaves the system's
};

/// Counts of the packets that JavaScript received.
struct ReceiverCounters {
  uint64_t packets = 0, bytes = 0;
  uint64_t drained = 0;  // how many of the packets waited in the ring
};

/// Datagrams that were read and dropped, by cause.
struct ReceiverDrops {
  uint64_t ring_full = 0, paused = 0, too_long = 0, malformed = 0;
};

struct ReceiverStats {
  ReceiverCounters counters;
  ReceiverDrops drops;
  uint64_t backlog_bytes = 0;  // in the ring
  uint64_t connects = 0;       // how often the socket was connected to VPP
  int connect_error = 0;       // errno value: why the socket is not connected; 0 when it is
};

/// The result of a drain.
struct Drained {
  bool stored = false;  // packets were added to the ring
  bool more = false;    // it ended by its time, with packets left
};

/// Where a burst lies for JavaScript.
constexpr uint32_t kDirectSlab = 0;  // ring slab i is 1 + i

/// Normally the JavaScript thread reads the socket itself, straight into the slab that the handler sees. When
/// it is late, the drain thread reads instead, and packets wait in the ring, which JavaScript empties first
/// when it is back. Only the thread that holds the lock reads; JavaScript never waits for the lock to read.
class Receiver {
 public:
  explicit Receiver(const ReceiverOptions& options);
  ~Receiver();

  /// Binds, sets mode and group, connects to VPP if it is there. With a bound socket of another process, it
  /// takes that one over instead.
  SystemError Open(UniqueFd adopted);

  // JavaScript thread.
  /// The next burst: from the ring if packets wait there, else from the socket. It lies in `*slab` until the
  /// next Pull().
  uint32_t Pull(PacketTable* table, uint32_t* slab);
  /// Packets may gather until the next Pull(). In that time the drain thread reads them into the ring, so
  /// that VPP's send buffer does not fill.
  void SetGathering(bool gathering) { gathering_.store(gathering); }
  /// The last Pull() ended before the packets did.
  bool more_likely() const { return more_likely_; }
  void SetPaused(bool paused) { paused_.store(paused); }
  /// Sends one packet to another socket, as VPP does. Returns an errno value.
  int SendTo(const std::string& path, const punt_packetdesc_t& desc, const uint8_t* data, size_t length);
  ReceiverStats Stats();
  void SetVppPath(const std::string& path);

  // Drain thread.
  /// Reads what is queued, for about `longest`: into the ring, or nowhere while paused.
  Drained Drain(std::chrono::nanoseconds longest);
  /// Clears the error that a peer causes when it disconnects from us: poll() returns at once until the error
  /// is read.
  void ClearError();
  /// Moves with every Pull(): JavaScript is at work.
  uint64_t pulls() const { return pulls_.load(std::memory_order_relaxed); }
  /// How much of VPP's send buffer everything read so far has taken.
  uint64_t cost() const { return cost_.load(std::memory_order_relaxed); }

  // Either thread.
  /// Connects to VPP's socket if that is another socket than before; with `force` in any case. Returns an
  /// errno value.
  int Reconnect(bool force);
  bool follows_vpp() const { return follows_vpp_.load(); }
  bool paused() const { return paused_.load(); }
  bool gathering() const { return gathering_.load(); }
  bool HasBacklog() const { return !ring_.Empty(); }
  int fd() const { return fd_.get(); }
  const std::shared_ptr<Mapping>& direct_memory() const { return direct_.memory(); }
  const std::shared_ptr<Mapping>& ring_memory() const { return ring_.memory(); }

 private:
  uint32_t PullRing(PacketTable* table, uint32_t* slab);
  uint32_t TakeGathered(PacketTable* table);
  uint32_t PullSocket(PacketTable* table, uint32_t gathered);
  bool Usable(const Burst& burst, uint32_t i);
  void AddCost(uint64_t packets, uint64_t bytes);
  Drained DrainLocked(std::chrono::nanoseconds longest);
  bool Store(uint32_t i);

  const ReceiverOptions options_;
  UniqueFd fd_;
  bool adopted_ = false;
  BoundPath bound_;
  Burst direct_;               // JavaScript's
  ReceiverCounters counters_;  // JavaScript's
  bool more_likely_ = false;   // JavaScript's
  bool found_none_ = false;    // JavaScript's: by the last look at the socket
  std::atomic<uint64_t> pulls_{0};
  std::atomic<uint64_t> cost_{0};
  std::atomic<bool> paused_{false};
  std::atomic<bool> gathering_{false};
  std::atomic<bool> follows_vpp_;
  PriorityMutex mutex_;  // its holder reads the socket and fills the ring; it guards everything below
  Burst scratch_;
  SlabRing ring_;
  VppPeer peer_;
  ReceiverDrops drops_;
  uint64_t connects_ = 0;
};

}  // namespace vpp_punt::punt_socket
