#include "datasets/chunks/band_cache.h"

#include "core/base/error.h"

namespace convoy {

Band BandCache::get(const ChunkedField& field, int64_t band) {
  const BandKey key{&field, band};
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return decode(lock, key);
    if (found->second.band) {
      used_.splice(used_.begin(), used_, found->second.place);
      return found->second.band;
    }
    changed_.wait(lock);
  }
}

Band BandCache::decode(std::unique_lock<std::mutex>& lock, const BandKey& key) {
  used_.push_front(key);
  entries_[key] = {nullptr, used_.begin()};
  lock.unlock();
  Band band;
  try {
    band = std::make_shared<const std::vector<std::byte>>(key.first->decode(key.second));
  } catch (...) {
    lock.lock();
    used_.erase(entries_[key].place);
    entries_.erase(key);
    changed_.notify_all();
    throw;
  }
  lock.lock();
  entries_[key].band = band;
  held_bytes_ += static_cast<int64_t>(band->size());
  ++decoded_;
  drop_oldest();
  changed_.notify_all();
  return band;
}

void BandCache::drop_oldest() {
  for (auto place = used_.end(); held_bytes_ > bytes_ && place != used_.begin();) {
    --place;
    const auto entry = entries_.find(*place);
    if (!entry->second.band || place == used_.begin()) continue;  // being decoded; or the one that was asked for
    held_bytes_ -= static_cast<int64_t>(entry->second.band->size());
    entries_.erase(entry);
    place = used_.erase(place);
  }
}

void BandCache::read_ahead(const std::vector<BandKey>& bands, bool keep_earlier) {
  {
    const std::lock_guard lock(mutex_);
    if (!keep_earlier) ahead_.clear();
    ahead_.insert(ahead_.end(), bands.begin(), bands.end());
    if (!thread_.joinable() && !stop_) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

void BandCache::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || !ahead_.empty(); });
    if (stop_) return;
    const BandKey key = ahead_.front();
    ahead_.pop_front();
    if (entries_.contains(key)) continue;
    try {
      decode(lock, key);
    } catch (const Error&) {  // told to whoever gets it
      if (!lock.owns_lock()) lock.lock();
    }
  }
}

void BandCache::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

int64_t BandCache::decoded() const {
  const std::lock_guard lock(mutex_);
  return decoded_;
}

}  // namespace convoy
