#include "tests/virtual_gpu/nccl/rendezvous.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/segment.h"

namespace convoy::virtual_nccl {
namespace {
constexpr char kPrefix[] = "virtual-nccl-";

struct Hello {
  int rank, ranks, process, device;
};
struct Answer {
  int code = ncclSuccess;
  char message[256] = {};
};

std::string system_error(const char* what) { return text(what, ": ", strerror(errno)); }

sockaddr_un address_of(const ncclUniqueId& id, socklen_t& length) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const size_t name = strnlen(id.internal, sizeof address.sun_path - 2);
  memcpy(address.sun_path + 1, id.internal, name);  // a leading zero: a name without a file
  length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name);
  return address;
}

void answer(int connection, const Answer& reply, int memory_file) {
  iovec data = {const_cast<Answer*>(&reply), sizeof reply};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (memory_file >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &memory_file, sizeof(int));
  }
  sendmsg(connection, &message, MSG_NOSIGNAL);  // a rank that has gone meanwhile is missed by the others later
}

// Serves one id: collects the ranks, then answers them all.
class Host {
 public:
  explicit Host(int listener) : listener_(listener) {}
  ~Host() {
    close(listener_);
    for (const Guest& guest : guests_) close(guest.connection);
  }

  void serve() {
    while (problem_.empty() && !complete()) wait();
    close(listener_);
    listener_ = -1;
    Answer reply;
    const int file = problem_.empty() ? Segment::create(guests_[0].hello.ranks) : -1;
    if (file < 0) {
      if (problem_.empty()) problem_ = system_error("cannot make memory that the ranks share");
      reply.code = code_;
      strncpy(reply.message, problem_.c_str(), sizeof reply.message - 1);
    }
    for (const Guest& guest : guests_) answer(guest.connection, reply, file);
    if (file >= 0) close(file);
  }

 private:
  struct Guest {
    int connection;
    Hello hello;
  };

  bool complete() const { return !guests_.empty() && static_cast<int>(guests_.size()) == guests_[0].hello.ranks; }

  void wait() {
    std::vector<pollfd> files{{listener_, POLLIN, 0}};
    for (const Guest& guest : guests_) files.push_back({guest.connection, POLLIN, 0});
    if (poll(files.data(), files.size(), -1) <= 0) return;
    for (size_t k = 1; k < files.size(); ++k)
      if (files[k].revents)
        problem_ = text("rank ", guests_[k - 1].hello.rank, " (process ", guests_[k - 1].hello.process,
                        ") went away before all ranks had come");
    if (problem_.empty() && files[0].revents) admit(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  }

  void compare(const Hello& a, const Hello& b) {
    if (a.ranks != b.ranks)
      problem_ = text("rank ", a.rank, " says there are ", a.ranks, " ranks, rank ", b.rank, " says ", b.ranks);
    else if (a.rank == b.rank)
      problem_ = text("processes ", a.process, " and ", b.process, " both say they are rank ", a.rank);
    else if (a.process == b.process && a.device == b.device)
      problem_ = text("ranks ", a.rank, " and ", b.rank, " are both on device ", a.device, " of process ", a.process);
    if (!problem_.empty()) code_ = ncclInvalidUsage;
  }

  void admit(int connection) {
    Hello hello;
    if (connection < 0) return;
    if (recv(connection, &hello, sizeof hello, 0) != sizeof hello) {
      close(connection);
      return;
    }
    for (const Guest& guest : guests_) compare(guest.hello, hello);
    guests_.push_back({connection, hello});
  }

  int listener_;
  std::vector<Guest> guests_;
  std::string problem_;
  ncclResult_t code_ = ncclRemoteError;
};

class Connection {
 public:
  explicit Connection(const ncclUniqueId& id) : file_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    if (strncmp(id.internal, kPrefix, sizeof kPrefix - 1))
      throw RendezvousError(ncclInvalidArgument, "the unique id was not made by ncclGetUniqueId of this library");
    socklen_t length = 0;
    const sockaddr_un address = address_of(id, length);
    if (file_ >= 0 && !connect(file_, reinterpret_cast<const sockaddr*>(&address), length)) return;
    throw RendezvousError(ncclRemoteError,
                          system_error("nobody answers for the unique id (the process that made it has "
                                       "ended, or the id has been used already)"));
  }
  ~Connection() { close(file_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void say(const Hello& hello) { send(file_, &hello, sizeof hello, MSG_NOSIGNAL); }

  bool has_answer(int milliseconds) {
    pollfd file = {file_, POLLIN, 0};
    return poll(&file, 1, milliseconds) > 0;
  }

  int receive_file() {
    Answer reply;
    iovec data = {&reply, sizeof reply};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(file_, &message, MSG_CMSG_CLOEXEC) != sizeof reply)
      throw RendezvousError(ncclRemoteError, "the process that made the unique id ended before all ranks had come");
    if (reply.code) throw RendezvousError(static_cast<ncclResult_t>(reply.code), reply.message);
    int file = -1;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) memcpy(&file, CMSG_DATA(header), sizeof file);
    if (file < 0) throw RendezvousError(ncclSystemError, "no file came with the answer: too many are open (ulimit -n)");
    return file;
  }

 private:
  int file_;
};
}  // namespace

ncclUniqueId make_unique_id() {
  ncclUniqueId id = {};
  unsigned char random[16];
  if (getrandom(random, sizeof random, 0) != sizeof random)
    throw RendezvousError(ncclSystemError, system_error("no random numbers for a unique id"));
  char* end = stpcpy(id.internal, kPrefix);
  for (const unsigned char byte : random) end += snprintf(end, 3, "%02x", byte);

  const int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  socklen_t length = 0;
  const sockaddr_un address = address_of(id, length);
  if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), length) ||
      listen(listener, kMaxRanks))
    throw RendezvousError(ncclSystemError, system_error("cannot listen for ranks"));
  std::thread([listener] { Host(listener).serve(); }).detach();
  return id;
}

int meet(const ncclUniqueId& id, int rank, int ranks, int device, const std::atomic<bool>& stop) {
  Connection connection(id);
  connection.say({rank, ranks, getpid(), device});
  while (!stop)
    if (connection.has_answer(20)) return connection.receive_file();
  return -1;
}
}  // namespace convoy::virtual_nccl
