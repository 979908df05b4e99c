#include "core/train/sentinel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/comm/fail_together.h"
#include "core/data/host_fields.h"

namespace convoy {

namespace {
constexpr size_t kDigits = 32;
}  // namespace

std::vector<int> dissenters(const std::vector<Finding>& findings) {
  std::map<std::string, size_t> votes;
  for (const Finding& finding : findings) ++votes[finding.hash];
  const auto most =
      std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const bool agreed = most != votes.end() && 2 * most->second > findings.size();
  std::set<int> ranks;
  for (const Finding& finding : findings)
    if (!agreed || finding.hash != most->first) ranks.insert(finding.rank);
  return {ranks.begin(), ranks.end()};
}

Sentinel::Sentinel(Parts parts)
    : p_(std::move(parts)),
      communicator_(p_.ranks),
      own_(p_.communication, p_.buckets),
      other_(p_.communication, p_.buckets),
      sample_on_host_(p_.communication.device().allocate(sizeof(int64_t), MemoryKind::host)),
      batch_(p_.inputs),
      batch_memory_(p_.communication.device().allocate(host_bytes(batch_), MemoryKind::host)),
      last_clean_step_(p_.schedule.first_step) {
  place_in_host_memory(batch_, batch_memory_.data());
}

size_t Sentinel::planned_bytes(int64_t largest_bucket, std::span<const Tensor> fields) {
  return 2 * BucketHash::planned_bytes(largest_bucket) + sizeof(int64_t) + host_bytes(fields);
}

void Sentinel::go_on(const SampleSchedule& schedule) {
  p_.schedule = schedule;
  last_clean_step_ = std::min(last_clean_step_, schedule.first_step);
}

int64_t Sentinel::first_sample(int64_t step, int rank) const {
  SampleSchedule theirs = p_.schedule;
  theirs.rank = rank;
  return theirs.first_sample((step - 1 - theirs.first_step) * theirs.passes_per_step());
}

// Data that cannot be read here cannot be read by its owner either, who tells it.
std::string Sentinel::compute(int64_t sample) {
  fail_together(communicator_, [&] { p_.source.read(Split::train, sample, p_.schedule.micro_batch, batch_); });
  Stream& stream = p_.communication.compute();
  copy_fields(stream, p_.inputs, batch_);
  *static_cast<int64_t*>(sample_on_host_.data()) = sample;
  stream.copy(p_.pass.first_sample.data, sample_on_host_.data(), sizeof(int64_t));
  for (const Tensor& gradients : p_.flat_gradients)
    if (gradients) stream.zero(gradients.data, gradients.bytes());
  other_.begin();
  p_.training.run(p_.pass, [&](const BoundAction& action) { other_.add(action.final_from); });
  return other_.hex();
}

void Sentinel::check_neighbour(int64_t step) {
  neighbours_ = compute(first_sample(step, (communicator_.rank() + 1) % communicator_.size()));
  own_.begin();
}

std::vector<std::string> Sentinel::gather(const std::string& mine) {
  std::string all(kDigits * static_cast<size_t>(communicator_.size()), ' ');
  communicator_.all_gather_host(all.data(), mine.data(), kDigits);
  std::vector<std::string> hashes;
  for (size_t begin = 0; begin < all.size(); begin += kDigits) hashes.push_back(all.substr(begin, kDigits));
  return hashes;
}

void Sentinel::judge(int64_t step) {
  const std::vector<std::string> own = gather(own_.hex()), of_neighbours = gather(neighbours_);
  const int ranks = communicator_.size();
  std::set<int> wrong;
  for (int checker = 0; checker < ranks; ++checker) {
    const int checked = (checker + 1) % ranks;
    if (own[static_cast<size_t>(checked)] == of_neighbours[static_cast<size_t>(checker)]) continue;
    std::vector<Finding> findings{{checked, own[static_cast<size_t>(checked)]},
                                  {checker, of_neighbours[static_cast<size_t>(checker)]}};
    const std::vector<std::string> again = gather(compute(first_sample(step, checked)));
    for (int rank = 0; rank < ranks; ++rank) findings.push_back({rank, again[static_cast<size_t>(rank)]});
    for (const int rank : dissenters(findings)) wrong.insert(rank);
  }
  if (!wrong.empty()) accuse(step, {wrong.begin(), wrong.end()});
  last_clean_step_ = step;
}

void Sentinel::accuse(int64_t step, const std::vector<int>& wrong) {
  std::vector<std::string> names;
  for (const int rank : wrong)
    names.push_back(fmt::format("rank {} on {}", rank, communicator_.broadcast_text(p_.who, rank)));
  throw SharedError(
      ExitCode::wrong_bits,
      fmt::format("step {}: the sentinel found wrong gradients by {}: other ranks computed other bits from "
                  "the same micro-batch. Take {} out and go on with run.resume=must; the last check without a "
                  "difference was at step {}, later checkpoints may hold damage",
                  step, fmt::join(names, wrong.size() == 1 ? "" : " or "),
                  wrong.size() == 1 ? "that device" : "those devices", last_clean_step_));
}

}  // namespace convoy
