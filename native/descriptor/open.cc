#include "descriptor/open.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "descriptor/checksum_offload.h"
#include "descriptor/descriptor.h"
#include "descriptor/device_index.h"
#include "descriptor/move_device.h"
#include "descriptor/namespace.h"
#include "util/bound_path.h"
#include "util/error.h"
#include "util/fields.h"
#include "util/hang_up.h"
#include "util/unix_address.h"

namespace vpp_punt::descriptor {

namespace {

SystemError Connect(int fd, const std::string& path) {
  UnixAddress address(path);
  if (connect(fd, address.get(), address.size()) == 0) return {};
  return {errno, "connect to " + path};
}

/// The descriptor as a NativeDescriptor, or the error thrown.
Napi::Value Finish(Napi::Env env, const char* op, UniqueFd fd, const SystemError& failed) {
  if (failed.error == 0) return Descriptor::New(env, std::move(fd));
  ThrowErrno(env, op, failed.what, failed.error);
  return env.Undefined();
}

/// connectUnix(op, path, "stream", "seqpacket" or "dgram") -> NativeDescriptor. Does not wait: EAGAIN when
/// the listener's queue is full.
Napi::Value ConnectUnix(const Napi::CallbackInfo& info) {
  const std::string op = info[0].As<Napi::String>().Utf8Value();
  const std::string type = info[2].As<Napi::String>().Utf8Value();
  const int number = type == "stream" ? SOCK_STREAM : type == "dgram" ? SOCK_DGRAM : SOCK_SEQPACKET;
  UniqueFd fd(socket(AF_UNIX, number | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const SystemError failed =
      fd ? Connect(fd.get(), info[1].As<Napi::String>().Utf8Value()) : SystemError{errno, "socket"};
  return Finish(info.Env(), op.c_str(), std::move(fd), failed);
}

/// openPath(op, path) -> NativeDescriptor, for reading
Napi::Value OpenPath(const Napi::CallbackInfo& info) {
  const std::string op = info[0].As<Napi::String>().Utf8Value();
  const std::string path = info[1].As<Napi::String>().Utf8Value();
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  const int error = fd ? 0 : errno;
  return Finish(info.Env(), op.c_str(), std::move(fd), {error, path});
}

/// bindDatagram({ path, mode, group, vppPath }) -> NativeDescriptor of a socket that is bound to the path
/// and, unless `vppPath` is empty, connected to that. The file stays.
Napi::Value BindDatagram(const Napi::CallbackInfo& info) {
  const Fields options(info.Env(), info[0]);
  const int64_t group = options.Integer("group");
  const std::string vpp_path = options.Text("vppPath");
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  SystemError failed = fd ? SystemError{} : SystemError{errno, "socket"};
  RefuseDescriptors(fd.get());
  BoundPath bound;
  if (failed.error == 0) {
    const auto owner = group < 0 ? std::nullopt : std::optional(static_cast<gid_t>(group));
    failed = bound.Bind(fd.get(), options.Text("path"), {.mode = options.Number("mode"), .group = owner});
  }
  if (failed.error == 0 && !vpp_path.empty()) failed = Connect(fd.get(), vpp_path);
  if (failed.error == 0) bound.Keep();
  return Finish(info.Env(), "descriptor.bind", std::move(fd), failed);
}

/// removeStaleDatagram(path): removes the file of a datagram socket that no process has any more
void RemoveStaleDatagram(const Napi::CallbackInfo& info) {
  const SystemError failed = BoundPath::RemoveStale(info[0].As<Napi::String>().Utf8Value());
  if (failed.error != 0) ThrowErrno(info.Env(), "descriptor.remove", failed.what, failed.error);
}

/// Bound to the device, and to no protocol yet: nothing is received before the ring is there.
SystemError OpenPacket(const std::string& device, UniqueFd* fd) {
  fd->Reset(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!*fd) return {errno, "socket"};
  const int index = DeviceIndex(fd->get(), device);
  if (index == 0) return {errno, "device " + device};
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = index;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return {bind(fd->get(), generic, sizeof(address)) == 0 ? 0 : errno, "bind to device " + device};
}

/// openPacketSocket(device, descriptor of the namespace or -1) -> NativeDescriptor
Napi::Value OpenPacketSocket(const Napi::CallbackInfo& info) {
  const std::string device = info[0].As<Napi::String>().Utf8Value();
  UniqueFd fd;
  const SystemError failed =
      RunInNamespace(info[1].As<Napi::Number>().Int32Value(), [&] { return OpenPacket(device, &fd); });
  return Finish(info.Env(), "packet-socket.open", std::move(fd), failed);
}

/// The answer of statx(2). Older C libraries neither name it nor make the call.
struct Statx {
  uint8_t before[136];
  uint32_t device_major;
  uint32_t device_minor;
  uint8_t after[112];
};
static_assert(offsetof(Statx, device_major) == 136 && sizeof(Statx) == 256);

/// Asks for the inode number alone, as far as Linux knows it without a question to the file system.
bool StatWithoutSync(int fd, const char* path, int flags, Statx* found) {
  constexpr unsigned int kInode = 0x100;
  return syscall(SYS_statx, fd, path, flags | AT_STATX_DONT_SYNC, kInode, found) == 0;
}

/// Whether the descriptor is of the file system of namespaces, as far as Linux knows without a question to
/// it: the process that answers for a file of FUSE may never do so.
bool IsOfNamespaces(int fd) {
  Statx found, own;
  if (!StatWithoutSync(fd, "", AT_EMPTY_PATH, &found)) return false;
  // Without /proc, the ioctl alone tells.
  if (!StatWithoutSync(AT_FDCWD, "/proc/self/ns/net", 0, &own)) return true;
  return found.device_major == own.device_major && found.device_minor == own.device_minor;
}

/// networkNamespace(fd) -> [device, inode] as bigints, or undefined when the descriptor is not of one
Napi::Value NetworkNamespace(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  struct stat status;
  const bool is = IsOfNamespaces(fd) && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET && fstat(fd, &status) == 0;
  if (!is) return info.Env().Undefined();
  Napi::Array identity = Napi::Array::New(info.Env(), 2);
  identity.Set(0u, Napi::BigInt::New(info.Env(), static_cast<uint64_t>(status.st_dev)));
  identity.Set(1u, Napi::BigInt::New(info.Env(), static_cast<uint64_t>(status.st_ino)));
  return identity;
}

/// Linux moves a device first, and finds out afterwards that it can't have the new name there.
SystemError NameIsFree(int netns_fd, const std::string& name) {
  return RunInNamespace(netns_fd, [&] {
    const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return SystemError{errno, "socket"};
    return SystemError{DeviceIndex(fd.get(), name) == 0 ? 0 : EEXIST, "device " + name + " where it goes"};
  });
}

/// moveDevice(name, descriptor of the namespace it is in or -1, descriptor of the other one, new name or "")
void MoveDeviceBetween(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const int to = info[2].As<Napi::Number>().Int32Value();
  const std::string new_name = info[3].As<Napi::String>().Utf8Value();
  SystemError failed = NameIsFree(to, new_name.empty() ? name : new_name);
  if (failed.error == 0) {
    failed = RunInNamespace(info[1].As<Napi::Number>().Int32Value(),
                            [&] { return MoveDevice(name, to, new_name); });
  }
  if (failed.error != 0) ThrowErrno(info.Env(), "namespace.move-device", failed.what, failed.error);
}

/// devicesWithChecksumOffload(names, descriptor of their namespace or -1) -> those of the names whose device
/// has it on
Napi::Value DevicesWithChecksumOffload(const Napi::CallbackInfo& info) {
  const Napi::Array names = info[0].As<Napi::Array>();
  std::vector<std::string> devices;
  for (uint32_t i = 0; i < names.Length(); i++)
    devices.push_back(names.Get(i).As<Napi::String>().Utf8Value());
  const SystemError failed = RunInNamespace(info[1].As<Napi::Number>().Int32Value(), [&] {
    std::erase_if(devices, [](const std::string& name) { return !HasChecksumOffload(name); });
    return SystemError{};
  });
  if (failed.error != 0) ThrowErrno(info.Env(), "namespace.checksum-offload", failed.what, failed.error);
  const Napi::Array on = Napi::Array::New(info.Env());
  for (const std::string& name : devices) on.Set(on.Length(), name);
  return on;
}

/// setChecksumOffload(name, descriptor of its namespace or -1, on)
void SwitchChecksumOffload(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const bool on = info[2].As<Napi::Boolean>().Value();
  const SystemError failed =
      RunInNamespace(info[1].As<Napi::Number>().Int32Value(), [&] { return SetChecksumOffload(name, on); });
  if (failed.error != 0) ThrowErrno(info.Env(), "namespace.checksum-offload", failed.what, failed.error);
}

}  // namespace

void InitOpen(Napi::Env env, Napi::Object exports) {
  exports.Set("connectUnix", Napi::Function::New(env, ConnectUnix, "connectUnix"));
  exports.Set("bindDatagram", Napi::Function::New(env, BindDatagram, "bindDatagram"));
  exports.Set("removeStaleDatagram", Napi::Function::New(env, RemoveStaleDatagram, "removeStaleDatagram"));
  exports.Set("openPath", Napi::Function::New(env, OpenPath, "openPath"));
  exports.Set("openPacketSocket", Napi::Function::New(env, OpenPacketSocket, "openPacketSocket"));
  exports.Set("networkNamespace", Napi::Function::New(env, NetworkNamespace, "networkNamespace"));
  exports.Set("moveDevice", Napi::Function::New(env, MoveDeviceBetween, "moveDevice"));
  exports.Set("devicesWithChecksumOffload",
              Napi::Function::New(env, DevicesWithChecksumOffload, "devicesWithChecksumOffload"));
  exports.Set("setChecksumOffload", Napi::Function::New(env, SwitchChecksumOffload, "setChecksumOffload"));
}

}  // namespace vpp_punt::descriptor
