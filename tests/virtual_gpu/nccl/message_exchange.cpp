#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/exchange.h"

namespace convoy::virtual_nccl {
namespace {
uint64_t message_bytes(const Request& request) { return request.count * element_bytes(request.type); }
}  // namespace

SendExchange::SendExchange(Segment& segment, int rank, const Resolved& resolved, uint64_t number)
    : segment_(segment),
      mailbox_(segment.mailbox(rank, resolved.request.root)),
      piece_(segment.piece(rank, resolved.request.root)),
      destination_(resolved.request.root),
      resolved_(resolved),
      claim_{number, resolved.request},
      bytes_(message_bytes(resolved.request)) {}

bool SendExchange::advance() {
  if (finished_ || mailbox_.sent != mailbox_.taken) return false;
  if (any_sent_ && sent_ == bytes_) {
    finished_ = true;
    return true;
  }
  const uint64_t bytes = std::min<uint64_t>(kPieceBytes, bytes_ - sent_);
  if (bytes) memcpy(piece_, resolved_.input + sent_, bytes);
  mailbox_.claim = claim_;
  sent_ += bytes;
  any_sent_ = true;  // an empty message is one empty piece
  ++mailbox_.sent;
  segment_.ring(destination_);
  return true;
}

ReceiveExchange::ReceiveExchange(Segment& segment, int rank, const Resolved& resolved, uint64_t number)
    : segment_(segment),
      mailbox_(segment.mailbox(resolved.request.root, rank)),
      piece_(segment.piece(resolved.request.root, rank)),
      rank_(rank),
      source_(resolved.request.root),
      resolved_(resolved),
      claim_{number, resolved.request},
      bytes_(message_bytes(resolved.request)) {}

bool ReceiveExchange::advance() {
  if (finished_ || mailbox_.sent == mailbox_.taken) return false;
  const Claim& sent = mailbox_.claim;
  if (sent.request.count != claim_.request.count || sent.request.type != claim_.request.type) {
    segment_.fail(-1, text("a send and its receive disagree. rank ", source_, ": message ", sent.number, ", ",
                           describe(sent.request), "; rank ", rank_, ": message ", claim_.number, ", ",
                           describe(claim_.request)));
    return false;
  }
  const uint64_t bytes = std::min<uint64_t>(kPieceBytes, bytes_ - taken_);
  if (bytes) memcpy(resolved_.output + taken_, piece_, bytes);
  taken_ += bytes;
  finished_ = taken_ == bytes_;
  ++mailbox_.taken;
  segment_.ring(source_);
  return true;
}

std::unique_ptr<Exchange> make_exchange(Segment& segment, int rank, const Resolved& resolved, Counters& counters) {
  const int peer = resolved.request.root;
  switch (resolved.request.kind) {
    case Kind::send:
      return std::make_unique<SendExchange>(segment, rank, resolved, ++counters.sent[peer]);
    case Kind::receive:
      return std::make_unique<ReceiveExchange>(segment, rank, resolved, ++counters.received[peer]);
    default:
      return std::make_unique<CollectiveExchange>(segment, rank, resolved, ++counters.collectives);
  }
}
}  // namespace convoy::virtual_nccl
