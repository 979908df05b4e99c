// What a fault in a kernel says: kernel, block, thread, PTX line, source line.
#include <algorithm>
#include <cstdio>

#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/interpreter/fault_codes.h"

namespace convoy::vgpu {
using std::string;

void fault(int code, const string& what, int lane) { throw DeviceFault{code, what, lane}; }

string hex(u64 v) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
  return text;
}

string Block::thread_name(const Warp& warp, int lane) const {
  const u32 thread = warp.id * 32 + static_cast<u32>(lane), width = cfg->block[0], height = cfg->block[1];
  char text[160];
  snprintf(text, sizeof text, "block (%u,%u,%u) thread (%u,%u,%u) [warp %u lane %d]", cta[0], cta[1], cta[2],
           thread % width, thread / width % height, thread / (width * height), warp.id, lane);
  return text;
}

namespace {
string place_of(const Program& program, const Inst& inst) {
  string text = "PTX line " + std::to_string(inst.raw->line) + ": " + inst.raw->text;
  if (inst.raw->src_line) {
    const auto& files = program.image->mod->files;
    const auto file = files.find(inst.raw->src_file);
    text += "\n    source: " + (file == files.end() ? "?" : file->second) + ":" + std::to_string(inst.raw->src_line);
  }
  if (inst.func && inst.func != program.entry) text += "\n    in function " + demangle(inst.func->name);
  return text;
}

const char* state_text(Group::State state) {
  switch (state) {
    case Group::AtBarrier:
      return "at a barrier";
    case Group::AtWarpSync:
      return "at a warp operation whose mask names lanes that never arrive";
    case Group::AtWarpBarrier:
      return "at __syncwarp";
    default:
      return "ready";
  }
}
}  // namespace

string fault_report(const Block& block, const DeviceFault& fault) {
  string text = "vgpu: error in kernel " + block.prog->pretty + "\n  " + fault.what;
  if (block.active)
    text += "\n  at " + block.thread_name(*block.active, std::max(fault.lane, 0)) + "\n  " +
            place_of(*block.prog, block.prog->code[block.current]);
  return text + "\n";
}

void Block::deadlock() {
  constexpr int kShown = 6;
  string text = "deadlock: no thread of the block can continue;";
  int shown = 0;
  for (const Warp& warp : warps)
    for (const Group& group : warp.groups) {
      if (shown++ >= kShown) continue;
      const u32 pc = group.state == Group::AtWarpSync ? group.pc : group.pc - 1;
      text += "\n    warp " + std::to_string(warp.id) + " lanes " + hex(group.mask) + " " + state_text(group.state) +
              " (" + place_of(*prog, prog->code[pc]) + ")";
    }
  active = nullptr;
  fault(kLaunchTimeout, text);
}
}  // namespace convoy::vgpu
