// One rank of a communicator: its state, its queue of tasks, and the thread that makes them progress.
//
// A task is what NCCL launches as one kernel: a single operation, or all operations of one group. Tasks run one after
// the other in the order in which they were issued, whatever streams they are on. A task is in as many streams as its
// operations name; a gate in each stream stands for it. Once every stream has come to its gate the task is ready, and
// when it is done, all gates open.
//
// Streams are lazy: work runs when something waits for it. A rank that others wait for therefore makes its own streams
// go on to the gates of its first task, from the progress thread.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/virtual_gpu/nccl/exchange.h"
#include "tests/virtual_gpu/nccl/wait_cycle.h"

namespace convoy::virtual_nccl {
struct Task {
  enum class State { issued, ready, running, done };
  std::vector<Request> requests;
  size_t gate_count = 1, gates_reached = 0;
  std::vector<std::shared_ptr<void>> gates;  // the runtime's operations
  State state = State::issued;
  int result = 0;     // a cudaError_t, once done
  bool hung = false;  // by a fault on demand
  std::vector<std::unique_ptr<Exchange>> exchanges;
};
using TaskPtr = std::shared_ptr<Task>;

// Where a rank belongs and the file of the memory it shares there; file -1 if it was told to stop.
struct Membership {
  int file = -1, rank = 0, ranks = 0;
};
using Meeting = std::function<Membership(const std::atomic<bool>& stop)>;

class Communicator {
 public:
  // Meets the others in a thread of its own. The meeting may throw RendezvousError.
  Communicator(Meeting meeting, int device, bool blocking);
  ~Communicator();  // as abort()
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int device() const { return device_; }
  bool blocking() const { return blocking_; }
  // Known once it is ready.
  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  std::shared_ptr<Segment> segment() const { return segment_; }
  uint64_t next_split() { return ++splits_; }

  // ncclInProgress while it starts or flushes, ncclSuccess, or the error that ended it.
  ncclResult_t state();
  std::string error_message();
  // Blocks until start-up has ended one way or the other, and returns how; not what may have happened since.
  ncclResult_t wait_until_started();

  // Appends a task; one that can never run any more is done, with an error. Called with the runtime's lock held, as is
  // poll().
  TaskPtr issue(std::vector<Request> requests, size_t gate_count);
  void add_gate(Task& task, const std::shared_ptr<void>& gate);
  // What a gate asks each time its stream has come to it; `reached` is the gate's own memory.
  int poll(Task& task, bool& reached);

  // A communicator that does not block says "in progress" about its first operation until it is asked. In the unkind
  // mode it says so of any operation, and several times.
  bool begin_operation();
  // `write` runs when state() has said "in progress" for the last time, or with the communicator's end: when NCCL fills
  // in what a call that is in progress was given the address of.
  void begin_writing(std::function<void()> write);

  // Lets all tasks run to their end: start_flush() returns at once, flush() when it is over.
  void start_flush();
  ncclResult_t flush();
  bool flushed();

  // Ends the thread. What has not finished is dropped: its streams go on as if it had been done.
  void abort();
  // For a process that exits: what has not finished fails.
  void abandon();

 private:
  uint64_t looks(const char* what);
  void write_now();
  void run();
  bool join(const Meeting& meeting);
  void fail_start(ncclResult_t code, const std::string& message);
  void work();
  bool pass();
  void rest();
  TaskPtr head();
  bool take_part_in_failure();
  bool needs_the_failed(const Failure& failure);
  bool drive(Task& task);
  bool is_needed(const Task& task);
  void start(Task& task);
  bool resolve(Task& task, std::vector<Resolved>& resolved);
  bool meets_fault(Task& task);
  bool advance(Task& task);
  void finish(Task& task, int result);
  void drop_tasks(int result);
  void fail_here(ncclResult_t code, const std::string& message);
  void check_peers();

  const Meeting meeting_;
  const int device_;
  const bool blocking_;
  int rank_ = 0, ranks_ = 0;
  std::shared_ptr<Segment> segment_;
  std::atomic<uint64_t> splits_{0};

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  bool started_ = false, flushing_ = false, first_operation_ = true;
  uint64_t looks_left_ = 0, operations_ = 0;  // looks: at which state() still says "in progress"
  std::function<void()> write_;
  ncclResult_t start_result_ = ncclSuccess, error_ = ncclSuccess, local_error_ = ncclSuccess;
  std::string message_;
  std::deque<TaskPtr> tasks_;

  // Of the progress thread alone.
  Counters counters_;
  WaitCycle cycle_;
  bool needed_ = false;

  std::atomic<bool> stop_{false}, abandoned_{false};
  std::thread thread_;
};
}  // namespace convoy::virtual_nccl
