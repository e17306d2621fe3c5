// VPP's statistics segment: fetched from its stats socket, read with pread. NativeStatsSegment in
// lib/native.ts.
#pragma once

#include <napi.h>

#include "util/unique_fd.h"

namespace vpp_punt {

/// The descriptor of a segment. It is closed with the object, and so with its environment.
class StatsSegment : public Napi::ObjectWrap<StatsSegment> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit StatsSegment(const Napi::CallbackInfo& info) : Napi::ObjectWrap<StatsSegment>(info) {}

  /// `process`: VPP's pidfd, which also tells of a VPP in another pid namespace; none before Linux 6.5.
  void Adopt(UniqueFd fd, int pid, UniqueFd process) {
    fd_ = std::move(fd);
    process_ = std::move(process);
    pid_ = pid;
  }

 private:
  // Methods of NativeStatsSegment.
  Napi::Value Pid(const Napi::CallbackInfo& info);
  Napi::Value Size(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value HasEnded(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info) {
    fd_.Reset();
    process_.Reset();
  }

  UniqueFd fd_;
  UniqueFd process_;
  int pid_ = 0;
};

}  // namespace vpp_punt
