// The environment variables VGPU_* (README.md lists them), read when the first of them is asked for.
#pragma once
#include <cstdint>
#include <string>

namespace convoy::vgpu {
struct Settings {
  int threads = 1;            // that run the blocks of a launch
  int race_check = 1;         // 0 none, 1 shared memory, 2 also global memory between the blocks of a launch
  bool race_warn = false;     // report each shared-memory race once and go on
  bool eager = false;         // run every operation when it is enqueued
  uint64_t seed = 1;          // of the order in which runnable streams and graph nodes are chosen
  int devices = 1;            // how many there are
  int sm = 0;                 // compute capability, 80 or 90; 0: the newest that the program has PTX for
  uint64_t memory_bytes = 0;  // per device; 0: three quarters of the machine's
  std::string profile;        // the file that counters are written to at exit; empty: none
  bool verbose = false;       // print each launch as it runs
  bool counted_time = false;  // events tell what work is taken to cost, not the host's time
  uint64_t unkind = 0;        // a seed of what libraries refuse, delay and do differently; 0: nothing
  bool decode_all = false;    // decode every kernel at start
};

const Settings& settings();
}  // namespace convoy::vgpu
