// launch.cpp - runs the blocks of a kernel launch, reports faults, keeps the profile.
#include <atomic>
#include <cstdio>
#include <deque>
#include <fstream>
#include <mutex>
#include <thread>
#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/runtime/devmem.h"

namespace convoy::vgpu {
void Counters::add(const Counters& o) {
  u64* a = (u64*)this;
  const u64* b = (const u64*)&o;
  for (size_t k = 0; k < sizeof(Counters) / 8; ++k) a[k] += b[k];
}
namespace {
struct KernelProfile {
  u64 launches = 0, blocks = 0;
  double seconds = 0;
  Counters c;
};
auto& profile = *new std::map<std::string, KernelProfile>;
std::mutex profileMutex;  // never destroyed: written at exit

void collect(Block& b, Counters& c) {  // instruction mix from the per-instruction counts
  for (auto& i : b.prog->code) {
    u64 n = b.exec_count[i.idx], l = b.lane_count[i.idx];
    if (!n) continue;
    c.warp_insts += n;
    c.thread_insts += l;
    if (i.cls & kFma32) {
      c.fma += l;
      c.flops += l * i.flops;
    }
    if (i.cls & kFlop32) c.flops += l * i.flops;
    if (i.cls & kMma) c.mma_flops += l * i.flops;
    if (i.cls & kShuffle) c.shuffles += n;
    if (i.cls & kBarrier) c.barriers += n;
    if (i.cls & kAtomic) c.atomics += l;
    if (i.cls & kSfu) c.sfu += l;
    b.exec_count[i.idx] = b.lane_count[i.idx] = 0;
  }
}
struct Shared {  // state of one launch shared by its workers
  Program& p;
  const LaunchConfig& cfg;
  u64 total;
  std::atomic<u64> next{0};
  std::atomic<int> error{0};
  std::mutex report;
  Counters counters;
};
auto& pool = *new std::vector<std::unique_ptr<Block>>;
std::mutex poolMutex;  // idle blocks, kept for their buffers
void configure(Block& b, Counters* c) {
  b.race = env().race >= 1;
  b.race_global = env().race >= 2;
  b.prof = c;
}

void work(Shared& s, int worker, int workers) {
  Counters local;
  std::deque<std::unique_ptr<Block>> resident;
  bool profiling = !env().profile.empty();
  auto fresh = [&](u64 id) {
    std::unique_ptr<Block> n;
    {
      std::lock_guard lk(poolMutex);
      if (!pool.empty()) {
        n = std::move(pool.back());
        pool.pop_back();
      }
    }
    if (!n) n = std::make_unique<Block>();
    configure(*n, profiling ? &local : nullptr);
    n->start(s.p, s.cfg, id);
    return n;
  };
  auto retire = [&](std::unique_ptr<Block> done) {
    if (profiling) collect(*done, local);
    done->prof = nullptr;
    std::lock_guard lk(poolMutex);
    pool.push_back(std::move(done));
  };
  std::unique_ptr<Block> b;  // declared here so that it outlives a fault
  auto advance = [&](u64 budget) {
    if (b->run(budget) == Block::Done)
      retire(std::move(b));
    else
      resident.push_back(std::move(b));
  };
  auto resume = [&] {
    b = std::move(resident.front());
    resident.pop_front();
  };
  try {
    if (s.cfg.cooperative) {  // every block must be able to wait for every other one
      for (u64 k = worker; k < s.total; k += workers) resident.push_back(fresh(k));
      while (!resident.empty() && !s.error) {
        resume();
        advance(50000);
      }
    }
    while (!s.cfg.cooperative && !s.error) {
      u64 k = s.next.load();
      bool more = k < s.total && resident.size() < 64 && s.next.compare_exchange_strong(k, k + 1);
      if (more) {
        b = fresh(k);
        advance(1u << 26);
      } else if (!resident.empty()) {
        resume();
        advance(1u << 24);
      } else if (s.next.load() >= s.total)
        break;
    }
  } catch (DeviceFault& f) {
    std::lock_guard lk(s.report);
    if (!s.error) {
      fflush(stdout);
      std::string msg = b ? fault_report(*b, f) : f.what + "\n";
      fputs(msg.c_str(), stderr);
      fflush(stderr);
    }
    s.error = f.code;
  }
  if (profiling) {
    std::lock_guard lk(s.report);
    s.counters.add(local);
  }
}
}  // namespace

int launch_kernel(Program& p, const LaunchConfig& cfg) {
  Shared s{p, cfg, (u64)cfg.grid[0] * cfg.grid[1] * cfg.grid[2], {}, {}, {}, {}};
  int workers = (int)std::min<u64>(std::max(1, env().threads), s.total);
  timespec t0, t1;
  clock_gettime(CLOCK_MONOTONIC, &t0);
  if (workers <= 1)
    work(s, 0, 1);
  else {
    std::vector<std::thread> t;
    for (int k = 0; k < workers; ++k) t.emplace_back([&, k] { work(s, k, workers); });
    for (auto& x : t) x.join();
  }
  clock_gettime(CLOCK_MONOTONIC, &t1);
  if (!env().profile.empty()) {
    std::lock_guard lk(profileMutex);
    KernelProfile& k = profile[p.pretty];
    ++k.launches;
    k.blocks += s.total;
    k.seconds += (t1.tv_sec - t0.tv_sec) + 1e-9 * (t1.tv_nsec - t0.tv_nsec);
    k.c.add(s.counters);
  }
  return s.error;
}

void profile_write() {
  if (env().profile.empty()) return;
  std::lock_guard lk(profileMutex);
  std::ofstream o(env().profile);
  o << "kernel,launches,blocks,warp_insts,thread_insts,lane_utilisation,fma,fp_flops,mma_flops,sfu,global_load_bytes,"
       "global_load_sectors,load_efficiency,global_store_bytes,global_store_sectors,store_efficiency,"
       "async_bytes,async_sectors,access_128bit,access_64bit,access_narrow,shared_requests,bank_conflict_replays,local_"
       "requests,shuffles,barriers,atomics,branches,divergent_branches,emulation_seconds\n";
  auto ratio = [](u64 a, u64 b) { return b ? (double)a / (double)b : 0.0; };
  for (auto& [n, k] : profile) {
    std::string q = n;
    for (size_t x = 0; (x = q.find('"', x)) != std::string::npos; x += 2) q.insert(x, "\"");
    const Counters& c = k.c;
    o << '"' << q << "\"," << k.launches << ',' << k.blocks << ',' << c.warp_insts << ',' << c.thread_insts << ','
      << ratio(c.thread_insts, 32 * c.warp_insts) << ',' << c.fma << ',' << c.flops << ',' << c.mma_flops << ','
      << c.sfu << ',' << c.ld_bytes << ',' << c.ld_sectors << ',' << ratio(c.ld_bytes, 32 * c.ld_sectors) << ','
      << c.st_bytes << ',' << c.st_sectors << ',' << ratio(c.st_bytes, 32 * c.st_sectors) << ',' << c.async_bytes << ','
      << c.async_sectors << ',' << c.vec128 << ',' << c.vec64 << ',' << c.narrow << ',' << c.shared_req << ','
      << c.bank_replays << ',' << c.local_req << ',' << c.shuffles << ',' << c.barriers << ',' << c.atomics << ','
      << c.branches << ',' << c.divergent << ',' << k.seconds << '\n';
  }
}
}  // namespace convoy::vgpu
