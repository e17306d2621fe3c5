#include "filter/binding.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "filter/handle.h"
#include "filter/libpcap.h"
#include "filter/port_filter.h"
#include "filter/program.h"
#include "filter/rules.h"
#include "filter/table_binding.h"
#include "util/error.h"
#include "util/fields.h"
#include "util/packet_table.h"

namespace vpp_punt::filter {

namespace {

using Program = std::vector<Instruction>;

/// Words of an instruction in JavaScript: code, jt, jf, k.
constexpr size_t kWords = 4;

/// filterCompile(expression, linkType): the instructions as a Uint32Array.
Napi::Value CompileExpression(const Napi::CallbackInfo& info) {
  const char* const op = "filter.compile";
  Program program;
  std::string error;
  switch (Compile(info[0].As<Napi::String>(), info[1].As<Napi::Number>(), &program, &error)) {
    case Compiled::kNoLibrary:
      ThrowError(info.Env(), op, "ERR_NO_LIBPCAP",
                 "expressions need libpcap, which is not here (" + error +
                     "); PacketFilter.parse takes what tcpdump -ddd prints");
      return info.Env().Undefined();
    case Compiled::kRefused:
      ThrowError(info.Env(), op, "ERR_FILTER", "libpcap refuses the expression: " + error);
      return info.Env().Undefined();
    case Compiled::kDone:
      break;
  }
  auto words = Napi::Uint32Array::New(info.Env(), kWords * program.size());
  for (size_t i = 0; i < program.size(); i++) {
    words[kWords * i] = program[i].code;
    words[kWords * i + 1] = program[i].jt;
    words[kWords * i + 2] = program[i].jf;
    words[kWords * i + 3] = program[i].k;
  }
  return words;
}

/// match(bytes): the program's result for one packet.
Napi::Value Match(ProgramMatcher* matcher, const Napi::CallbackInfo& info) {
  const auto packet = Cells<uint8_t>::Of(info.Env(), info[0]);
  return Napi::Number::New(info.Env(), matcher->Run(packet.data, static_cast<uint32_t>(packet.length)));
}

/// run(bytes, table, count, hits): writes 1 or 0 for each packet of a BatchTable. Returns how many match.
Napi::Value RunAll(ProgramMatcher* matcher, const Napi::CallbackInfo& info) {
  const auto memory = Cells<uint8_t>::Of(info.Env(), info[0]);
  void* cells = nullptr;
  size_t size = 0;
  napi_get_arraybuffer_info(info.Env(), info[1], &cells, &size);
  const PacketTable table(static_cast<uint32_t*>(cells), static_cast<uint32_t>(size / kPacketTableRow));
  const Burst burst = {memory.data, memory.length, table};
  const auto hits = Cells<uint8_t>::Of(info.Env(), info[3]);
  const uint32_t asked = info[2].As<Napi::Number>();
  const auto count = static_cast<uint32_t>(std::min<size_t>({asked, table.capacity(), hits.length}));
  uint32_t matching = 0;
  for (uint32_t from = 0; from < count; from += Lanes::kCount) {
    const uint32_t end = std::min(count, from + Lanes::kCount);
    std::array<uint32_t, Lanes::kCount> inside;
    std::array<uint8_t, Lanes::kCount> found;
    uint32_t some = 0;
    for (uint32_t i = from; i < end; i++) {
      hits.data[i] = 0;
      if (burst.Contains(i)) inside[some++] = i;
    }
    matcher->Match(burst, inside.data(), some, found.data());
    for (uint32_t i = 0; i < some; i++) matching += hits.data[inside[i]] = found[i];
  }
  return Napi::Number::New(info.Env(), matching);
}

/// filterOpen(words): the functions of NativeFilter in lib/native.ts, or the index of the first instruction
/// that is not allowed.
Napi::Value OpenFilter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto words = Cells<uint32_t>::Of(env, info[0]);
  Program program;
  for (size_t i = 0; i + kWords <= words.length; i += kWords) {
    const uint32_t* word = words.data + i;
    program.push_back({static_cast<uint16_t>(word[0]), static_cast<uint8_t>(word[1]),
                       static_cast<uint8_t>(word[2]), word[3]});
  }
  const size_t bad = FirstBad(program);
  if (program.empty() || bad < program.size()) return Napi::Number::New(env, static_cast<double>(bad));
  auto matcher = std::make_shared<ProgramMatcher>(std::move(program));
  Napi::Object functions = Napi::Object::New(env);
  functions.Set("match", Napi::Function::New(env, [matcher](const Napi::CallbackInfo& call) {
                  return Match(matcher.get(), call);
                }));
  functions.Set("run", Napi::Function::New(env, [matcher](const Napi::CallbackInfo& call) {
                  return RunAll(matcher.get(), call);
                }));
  functions.Set("matcher", NewMatcherHandle(env, matcher));
  return functions;
}

/// rulesOpen(handles of matchers, or undefined for every packet; actions): NativeRules of lib/native.ts.
Napi::Value OpenRules(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto matchers = info[0].As<Napi::Array>();
  const auto actions = Cells<uint8_t>::Of(env, info[1]);
  std::vector<Rule> made(actions.length);
  for (uint32_t i = 0; i < actions.length; i++) {
    made[i].matcher = HeldBy<Matcher>(matchers.Get(i));
    made[i].action = static_cast<Action>(actions.data[i]);
  }
  auto rules = std::make_shared<Rules>(std::move(made));
  Napi::Object functions = Napi::Object::New(env);
  functions.Set("handle", NewHandle(env, rules));
  functions.Set("counts", Napi::Function::New(env, [rules](const Napi::CallbackInfo& call) {
                  const auto cells = Cells<double>::Of(call.Env(), call[0]);
                  for (size_t i = 0; i < rules->all().size() && 2 * i + 1 < cells.length; i++) {
                    cells.data[2 * i] = static_cast<double>(rules->all()[i].packets);
                    cells.data[2 * i + 1] = static_cast<double>(rules->all()[i].bytes);
                  }
                }));
  return functions;
}

}  // namespace

void InitFilter(Napi::Env env, Napi::Object exports) {
  exports.Set("filterCompile", Napi::Function::New(env, CompileExpression, "filterCompile"));
  exports.Set("tableOpen", Napi::Function::New(env, OpenTable, "tableOpen"));
  exports.Set("rulesOpen", Napi::Function::New(env, OpenRules, "rulesOpen"));
  exports.Set("filterOpen", Napi::Function::New(env, OpenFilter, "filterOpen"));
}

}  // namespace vpp_punt::filter
