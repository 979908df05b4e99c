// The threads that share the work of a loop. Each thread that hands work to operators has a team of its own.
//
// Instead of OpenMP's threads, which wait for milliseconds at full speed, on the processors that somebody else may
// need, and for threads that have been given nothing to do: here whoever waits spins briefly, then sleeps, and a thread
// that has not come by the time that all work is done is not waited for.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace convoy::cpu {

class Team {
 public:
  // Threads of the calling thread's team, with itself. As many as OpenMP would take until somebody sets it.
  static int size();
  // From 1. Begins the threads; throws std::system_error if the system allows no more, and has one then.
  static void resize(int threads);

  // work(thread), of the calling thread's team: by this one as 0, and by those of [1, size()) that come before it has
  // returned here. Returns when all have. Inside such work: by the calling thread alone. Work that throws ends the
  // process.
  template <class Work>
  static void run(const Work& work) {
    own().run_round([](const void* w, int thread) noexcept { (*static_cast<const Work*>(w))(thread); }, &work);
  }

  Team();
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

 private:
  using Call = void (*)(const void* work, int thread) noexcept;

  static Team& own();
  void run_round(Call call, const void* work);
  void begin();
  void end() noexcept;
  void serve(int thread, uint32_t round);
  bool enter(uint32_t round);
  uint32_t close_gate();
  void await_finished(uint32_t entered);

  int size_;
  bool running_ = false;
  Call call_ = nullptr;
  const void* work_ = nullptr;
  // The round in the upper half, then whether it is closed, and how many threads have entered it.
  alignas(64) std::atomic<uint64_t> gate_ = 0;
  alignas(64) std::atomic<uint32_t> round_ = 0;  // waited for by the threads
  std::atomic<uint32_t> sleeping_ = 0;
  alignas(64) std::atomic<uint32_t> finished_ = 0;  // of those who entered; waited for by the caller
  std::atomic<bool> caller_sleeps_ = false, ending_ = false;
  int process_ = 0;  // whose threads they are: a fork has none of them
  std::vector<std::thread> threads_;
};

}  // namespace convoy::cpu
