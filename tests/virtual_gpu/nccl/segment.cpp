#include "tests/virtual_gpu/nccl/segment.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <new>
#include <stdexcept>

namespace convoy::virtual_nccl {
namespace {
constexpr size_t kPage = 4096;
size_t round_to_page(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Failure, states, mailboxes, chunks, pieces: each part on its own pages, which cost memory only once they are touched.
struct Layout {
  explicit Layout(size_t ranks)
      : states(round_to_page(sizeof(Failure))),
        mailboxes(states + round_to_page(ranks * sizeof(RankState))),
        chunks(mailboxes + round_to_page(ranks * ranks * sizeof(Mailbox))),
        pieces(chunks + ranks * 2 * kChunkBytes),
        bytes(pieces + ranks * ranks * kPieceBytes) {}
  size_t states, mailboxes, chunks, pieces, bytes;
};

void* map(int file, size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
}

void initialise_mutex(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

long futex(std::atomic<uint32_t>& word, int operation, uint32_t value, const timespec* timeout) {
  return syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}
}  // namespace

int Segment::create(int ranks) {
  const Layout layout(ranks);
  const int file = memfd_create("virtual_nccl", MFD_CLOEXEC);
  if (file < 0) return -1;
  void* base = ftruncate(file, static_cast<off_t>(layout.bytes)) ? MAP_FAILED : map(file, layout.bytes);
  if (base == MAP_FAILED) {
    close(file);
    return -1;
  }
  initialise(static_cast<std::byte*>(base), ranks);
  munmap(base, layout.bytes);
  return file;
}

void Segment::initialise(std::byte* base, int ranks) {  // a new file holds zeroes, which is every counter's beginning
  const Layout layout(ranks);
  new (base) Failure;
  auto* states = new (base + layout.states) RankState[ranks];
  for (int r = 0; r < ranks; ++r) initialise_mutex(states[r].alive);
  for (int k = 0; k < ranks * ranks; ++k) new (base + layout.mailboxes + k * sizeof(Mailbox)) Mailbox;
}

Segment::Segment(int memory_file, int ranks) : ranks_(ranks) {
  void* base = map(memory_file, Layout(ranks).bytes);
  close(memory_file);
  if (base == MAP_FAILED) throw std::runtime_error(std::string("cannot map shared memory: ") + strerror(errno));
  base_ = static_cast<std::byte*>(base);
}

Segment::~Segment() { munmap(base_, Layout(ranks_).bytes); }

RankState* Segment::states() const { return reinterpret_cast<RankState*>(base_ + Layout(ranks_).states); }

std::byte* Segment::chunk(int r, uint64_t round) {
  return base_ + Layout(ranks_).chunks + (static_cast<size_t>(r) * 2 + round % 2) * kChunkBytes;
}

Mailbox& Segment::mailbox(int source, int destination) {
  auto* boxes = reinterpret_cast<Mailbox*>(base_ + Layout(ranks_).mailboxes);
  return boxes[source * ranks_ + destination];
}

std::byte* Segment::piece(int source, int destination) {
  return base_ + Layout(ranks_).pieces + (static_cast<size_t>(source) * ranks_ + destination) * kPieceBytes;
}

void Segment::fail(int rank, const std::string& message) {
  auto* failure = reinterpret_cast<Failure*>(base_);
  uint32_t none = 0;
  if (!failure->state.compare_exchange_strong(none, 1)) return;
  failure->rank = rank;
  const size_t length = std::min(message.size(), sizeof failure->message - 1);
  memcpy(failure->message, message.data(), length);
  failure->message[length] = '\0';
  failure->state = 2;
  ring_all();
}

const Failure* Segment::failure() const {
  const auto* failure = reinterpret_cast<const Failure*>(base_);
  return failure->state == 2 ? failure : nullptr;
}

void Segment::ring(int r) {
  RankState& state = rank(r);
  ++state.doorbell;
  if (state.asleep) futex(state.doorbell, FUTEX_WAKE, INT_MAX, nullptr);
}

void Segment::ring_all() {
  for (int r = 0; r < ranks_; ++r) ring(r);
}

void Segment::sleep(int r, uint32_t heard, int milliseconds) {
  const timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  rank(r).asleep = 1;
  futex(rank(r).doorbell, FUTEX_WAIT, heard, &time);  // returns at once if the bell has rung since
  rank(r).asleep = 0;
}

void Segment::enter(int r) {
  pthread_mutex_lock(&rank(r).alive);
  rank(r).presence = Presence::present;
  ring_all();
}

void Segment::leave(int r) {
  Presence present = Presence::present;
  rank(r).presence.compare_exchange_strong(present, Presence::left);
  pthread_mutex_unlock(&rank(r).alive);
  ring_all();
}

void Segment::check_alive(int r) {
  RankState& state = rank(r);
  if (state.presence != Presence::present) return;
  const int result = pthread_mutex_trylock(&state.alive);
  if (result == EBUSY) return;
  if (result == EOWNERDEAD) {
    Presence present = Presence::present;
    state.presence.compare_exchange_strong(present, Presence::dead);
    pthread_mutex_consistent(&state.alive);
  }
  pthread_mutex_unlock(&state.alive);
}
}  // namespace convoy::virtual_nccl
