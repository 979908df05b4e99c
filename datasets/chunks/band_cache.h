// Decoded bands of chunked fields, so that each is decoded once for as long as it is needed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "datasets/chunks/chunked_field.h"

namespace convoy {

using Band = std::shared_ptr<const std::vector<std::byte>>;
using BandKey = std::pair<const ChunkedField*, int64_t>;

// Thread safe. Of bands that nobody holds, those that were used last are kept, of so many bytes.
class BandCache {
 public:
  explicit BandCache(int64_t bytes) : bytes_(bytes) {}
  ~BandCache() { stop(); }
  BandCache(const BandCache&) = delete;
  BandCache& operator=(const BandCache&) = delete;

  // Who comes while another decodes it waits for that. Throws what decoding threw.
  Band get(const ChunkedField& field, int64_t band);
  // Decodes them one after the other in a thread of its own, after those of earlier calls or, where those are not
  // wanted any more, instead of them. What cannot be decoded is left to who gets it.
  void read_ahead(const std::vector<BandKey>& bands, bool keep_earlier);
  // Ends that thread: before any field goes.
  void stop();

  int64_t decoded() const;  // how many bands so far

 private:
  struct Entry {
    Band band;  // null: being decoded
    std::list<BandKey>::iterator place;
  };
  Band decode(std::unique_lock<std::mutex>& lock, const BandKey& key);
  void drop_oldest();
  void run();

  const int64_t bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<BandKey, Entry> entries_;
  std::list<BandKey> used_;  // the last first
  int64_t held_bytes_ = 0, decoded_ = 0;
  std::deque<BandKey> ahead_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace convoy
