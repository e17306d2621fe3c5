#include "libmemif/connection.h"

#include <fcntl.h>

#include <cstring>
#include <utility>

#include "memif/sigbus.h"

namespace vpp_punt::libmemif {

namespace {

/// The names, and tables of up to 256 regions and as many queues each way.
constexpr size_t kDetailsSize = 32768;

std::string Text(const uint8_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

/// The library reads a doorbell whenever a ring is empty: a peer that made it blocking would stop us there.
void MakeDoorbellsNonBlocking(memif_conn_handle_t handle, uint16_t count) {
  for (uint16_t i = 0; i < count; i++) {
    int fd = -1;
    if (memif_get_queue_efd(handle, i, &fd) == MEMIF_ERR_SUCCESS && fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  }
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
  MakeDoorbellsNonBlocking(handle, connection->rx_queues);
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
