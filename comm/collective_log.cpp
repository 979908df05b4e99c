#include "comm/collective_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "comm/hang/state_publisher.h"

namespace convoy {

CollectiveLabel::CollectiveLabel(int64_t step_, std::string_view what_) : step(step_) {
  std::copy_n(what_.begin(), std::min(what_.size(), what.size() - 1), what.begin());
}

std::string describe(const CollectiveRecord& record) {
  std::string text = fmt::format("{} of {} bytes", record.what, record.bytes);
  if (record.label.step >= 0) text += fmt::format(", step {}", record.label.step);
  if (record.label.what[0] != 0) text += fmt::format(", {}", record.label.what.data());
  return text;
}

CollectiveLog::CollectiveLog(size_t kept) : finished_(kept) { in_flight_.reserve(kInFlight); }

CollectiveLog::~CollectiveLog() {
  if (!publisher_) return;
  for (const int lane : lanes_) publisher_->close_lane(lane);
}

void CollectiveLog::publish(std::shared_ptr<hang::StatePublisher> publisher, const std::string& group, int rank,
                            int size) {
  const std::lock_guard lock(mutex_);
  publisher_ = std::move(publisher);
  lanes_ = {publisher_->open_lane(group, rank, size), publisher_->open_lane(group + ", host operations", rank, size)};
}

void CollectiveLog::set_label(int64_t step, std::string_view what) {
  const std::lock_guard lock(mutex_);
  label_ = {step, what};
  if (publisher_) publisher_->set_label(step, label_.what.data());
}

CollectiveLabel CollectiveLog::label() const {
  const std::lock_guard lock(mutex_);
  return label_;
}

uint64_t CollectiveLog::enter(const char* what, size_t bytes, const CollectiveLabel& label, Channel channel) {
  const std::lock_guard lock(mutex_);
  const uint64_t number = entered_++;
  in_flight_.push_back({number, what, bytes, label, std::chrono::steady_clock::now(), {}, channel});
  if (publisher_) publisher_->enter(lanes_[size_t(channel)], what, bytes, label.step, label.what.data());
  return number;
}

void CollectiveLog::leave(uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto record =
      std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& r) { return r.number == number; });
  record->left = std::chrono::steady_clock::now();
  finished_[finished_count_++ % finished_.size()] = *record;
  if (publisher_) publisher_->leave(lanes_[size_t(record->channel)]);
  in_flight_.erase(record);
}

std::optional<CollectiveRecord> CollectiveLog::oldest_in_flight() const {
  const std::lock_guard lock(mutex_);
  if (in_flight_.empty()) return std::nullopt;
  return in_flight_.front();
}

std::vector<CollectiveRecord> CollectiveLog::recent() const {
  const std::lock_guard lock(mutex_);
  std::vector<CollectiveRecord> records;
  const size_t kept = std::min(finished_count_, finished_.size());
  for (size_t i = finished_count_ - kept; i < finished_count_; ++i) records.push_back(finished_[i % finished_.size()]);
  records.insert(records.end(), in_flight_.begin(), in_flight_.end());
  return records;
}

std::string last_finished(const CollectiveLog& log) {
  std::string last = "none";
  for (const CollectiveRecord& record : log.recent())
    if (record.left != CollectiveRecord::Time{}) last = describe(record);
  return last;
}

}  // namespace convoy
