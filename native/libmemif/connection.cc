#include "libmemif/connection.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "memif/channel.h"
#include "memif/sigbus.h"

namespace vpp_punt::libmemif {

namespace {

/// The names, and tables of up to 256 regions and as many queues each way.
constexpr size_t kDetailsSize = 32768;

/// What a peer has written, without control characters. libmemif ends it with a NUL within 96 bytes.
std::string Text(const uint8_t* text) {
  constexpr size_t kLongest = 96;
  return text == nullptr ? "" : memif::GetText(text, kLongest);
}

std::vector<UniqueFd> Doorbells(memif_conn_handle_t handle, uint16_t count) {
  std::vector<UniqueFd> doorbells;
  for (uint16_t i = 0; i < count; i++) {
    int fd = -1;
    memif_get_queue_efd(handle, i, &fd);
    doorbells.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    // The library reads a doorbell after it has looked at the ring, and so takes rings for packets that it
    // has not seen; and waits if the peer has made it blocking. It gets one that nobody rings.
    UniqueFd silent(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    dup2(silent.get(), fd);
  }
  return doorbells;
}

}  // namespace

std::shared_ptr<Connection> Connection::Of(memif_conn_handle_t handle, std::string* fault) {
  memif_details_t details = {};
  std::vector<char> buffer(kDetailsSize);
  if (const int error = memif_get_details(handle, &details, buffer.data(), kDetailsSize)) {
    *fault = memif_strerror(error);
    return nullptr;
  }
  auto connection = std::shared_ptr<Connection>(new Connection());
  connection->handle = handle;
  connection->peer_name = Text(details.remote_inst_name);
  connection->peer_interface = Text(details.remote_if_name);
  connection->rx_queues = details.rx_queues_num;
  connection->tx_queues = details.tx_queues_num;
  for (int i = 0; i < details.rx_queues_num; i++)
    connection->ring_size = std::max(connection->ring_size, details.rx_queues[i].ring_size);
  for (int i = 0; i < details.tx_queues_num; i++)
    connection->ring_size = std::max(connection->ring_size, details.tx_queues[i].ring_size);
  for (int i = 0; i < details.regions_num; i++) {
    if (!connection->AddRegion(details.regions[i], fault)) return nullptr;
  }
  connection->doorbells = Doorbells(handle, connection->rx_queues);
  return connection;
}

bool Connection::AddRegion(const memif_region_details_t& details, std::string* fault) {
  auto region = Region::Map(UniqueFd(fcntl(details.fd, F_DUPFD_CLOEXEC, 0)), details.size, fault);
  if (!region) return false;
  regions.push_back(std::move(region));
  auto mapping = std::make_unique<Mapping>();
  mapping->data = static_cast<uint8_t*>(details.addr);
  mapping->size = details.size;
  mapping->guard = memif::GuardMemory(mapping->data, mapping->size, &mapping->hit);
  theirs_.push_back(std::move(mapping));
  return true;
}

std::optional<Place> Connection::Locate(const void* data, uint32_t length) const {
  const auto* start = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < theirs_.size(); i++) {
    const Mapping& mapping = *theirs_[i];
    if (start < mapping.data || start >= mapping.data + mapping.size) continue;
    const uint64_t offset = static_cast<uint64_t>(start - mapping.data);
    if (length > mapping.size - offset) return std::nullopt;
    return Place{static_cast<uint16_t>(i), static_cast<uint32_t>(offset)};
  }
  return std::nullopt;
}

bool Connection::truncated() const {
  for (const auto& mapping : theirs_) {
    if (mapping->hit) return true;
  }
  for (const auto& region : regions) {
    if (region->truncated()) return true;
  }
  return false;
}

void Connection::End() {
  for (auto& mapping : theirs_) memif::UnguardMemory(std::exchange(mapping->guard, -1));
  ended_ = true;
}

}  // namespace vpp_punt::libmemif
