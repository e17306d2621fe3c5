// The compiler of filter expressions: the system's libpcap, loaded when it is first needed.
#pragma once

#include <string>
#include <vector>

#include "filter/program.h"

namespace vpp_punt::filter {

enum class Compiled { kDone, kNoLibrary, kRefused };

/// Compiles an expression as tcpdump takes it, for packets of the link type (DLT_). `error` is libpcap's, or
/// the loader's.
Compiled Compile(const std::string& expression, int link_type, std::vector<Instruction>* program,
                 std::string* error);

}  // namespace vpp_punt::filter
