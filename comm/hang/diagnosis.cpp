#include "comm/hang/diagnosis.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <utility>

namespace convoy::hang {
namespace {

constexpr size_t kNamed = 3;  // culprits described one by one

double seconds(int64_t from_us, int64_t to_us) {
  return static_cast<double>(std::max(to_us - from_us, int64_t{0})) / 1e6;
}

// What its next collectives would be called, where it has said so.
std::string ahead(const RankState& state) {
  const CollectiveState last = state.last_finished();
  if (state.label == last.label && state.step == last.step) return {};
  return fmt::format(", before {}{}", state.step < 0 ? "" : fmt::format("step {}, ", state.step), state.label.view());
}

// The job, seen from the lane in which it hangs.
class Scene {
 public:
  // seen: the lanes that led here.
  Scene(const std::vector<Sight>& ranks, std::string_view lane, int64_t now_us, std::vector<std::string_view> seen)
      : ranks_(ranks), lane_(lane), now_us_(now_us), seen_(std::move(seen)) {
    seen_.push_back(lane);
    for (size_t r = 0; r < ranks.size(); ++r)
      if (const LaneState* state = in_lane(static_cast<int>(r))) {
        members_.push_back(static_cast<int>(r));
        group_size_ = std::max(group_size_, state->size);
        newest_ = std::max(newest_, state->last.order);
      }
  }

  Diagnosis diagnose() const;

 private:
  const Sight& sight(int rank) const { return ranks_[static_cast<size_t>(rank)]; }
  const LaneState* in_lane(int rank) const { return sight(rank).state ? sight(rank).state->lane(lane_) : nullptr; }
  bool waits(int rank) const { return in_lane(rank)->last.in_flight(); }

  std::vector<int> all(const std::function<bool(int)>& is_meant) const {
    std::vector<int> found;
    for (int rank = 0; rank < static_cast<int>(ranks_.size()); ++rank)
      if (is_meant(rank)) found.push_back(rank);
    return found;
  }
  std::vector<int> members(const std::function<bool(int)>& is_meant) const {
    std::vector<int> found;
    std::copy_if(members_.begin(), members_.end(), std::back_inserter(found), is_meant);
    return found;
  }

  std::optional<Diagnosis> lifeless() const;
  std::optional<Diagnosis> absent() const;
  std::optional<Diagnosis> behind(const LaneState& other) const;
  std::optional<Diagnosis> disagreeing() const;
  std::optional<Diagnosis> unseen() const;
  Diagnosis unconnected() const;

  std::string one_by_one(const std::vector<int>& culprits, const std::function<std::string(int)>& say) const;
  std::string last_words(int rank) const;
  std::string own_business(int rank) const;
  std::string groups(const std::function<std::string(const CollectiveState&)>& word) const;

  const std::vector<Sight>& ranks_;
  const std::string_view lane_;
  const int64_t now_us_;
  std::vector<std::string_view> seen_;
  std::vector<int> members_;
  int group_size_ = 0;
  uint64_t newest_ = 0;  // the highest order that any rank has come to
};

Diagnosis Scene::diagnose() const {
  if (auto found = lifeless()) return *found;
  if (auto found = absent()) return *found;
  if (auto found = disagreeing()) return *found;
  if (auto found = unseen()) return *found;
  return unconnected();
}

std::string Scene::one_by_one(const std::vector<int>& culprits, const std::function<std::string(int)>& say) const {
  std::string text;
  for (size_t i = 0; i < std::min(culprits.size(), kNamed); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : "; ", name_of(sight(culprits[i]), culprits[i]), say(culprits[i]));
  if (culprits.size() > kNamed) text += fmt::format("; and so on for ranks {}", rank_ranges(culprits));
  return text;
}

// What it did before it was heard of no more.
std::string Scene::last_words(int rank) const {
  const RankState& state = *sight(rank).state;
  if (const LaneState* lane = state.oldest_in_flight()) return "in " + describe(lane->last);
  const CollectiveState last = state.last_finished();
  return last.order == 0 ? "before its first collective" : "after " + describe(last);
}

std::optional<Diagnosis> Scene::lifeless() const {
  const auto gone = all([&](int r) { return sight(r).life == Life::gone; });
  if (!gone.empty())
    return Diagnosis{Cause::gone, gone, one_by_one(gone, [&](int r) {
                       return sight(r).state ? "has ended without a word, " + last_words(r) : "has ended";
                     })};
  const auto frozen = all([&](int r) { return sight(r).life == Life::stopped || sight(r).life == Life::silent; });
  if (frozen.empty()) return std::nullopt;
  return Diagnosis{Cause::frozen, frozen, one_by_one(frozen, [&](int r) {
                     const double silence = seconds(sight(r).state->beat_us, now_us_);
                     const char* state =
                         sight(r).life == Life::stopped ? "is stopped by a signal" : "is frozen, or its host is down";
                     return fmt::format("{}: no sign of life for {:.1f} s, {}", state, silence, last_words(r));
                   })};
}

// Ranks that have left an older collective and have not come to the newest. Whoever is still in an older one waits as
// well, and is no culprit; whoever waits in another lane may have been kept there by a third.
std::optional<Diagnosis> Scene::absent() const {
  const auto away = members([&](int r) { return in_lane(r)->last.order < newest_ && !waits(r); });
  std::vector<int> busy, elsewhere;
  for (const int rank : away) (sight(rank).state->oldest_in_flight() == nullptr ? busy : elsewhere).push_back(rank);
  if (!busy.empty()) return Diagnosis{Cause::late, busy, one_by_one(busy, [&](int r) { return own_business(r); })};
  if (elsewhere.empty()) return std::nullopt;
  if (auto deeper = behind(*sight(elsewhere.front()).state->oldest_in_flight())) return deeper;
  return Diagnosis{Cause::mismatch, elsewhere, one_by_one(elsewhere, [&](int r) {
                     return "is in another collective, " + describe(sight(r).state->oldest_in_flight()->last);
                   })};
}

std::string Scene::own_business(int rank) const {
  const RankState& state = *sight(rank).state;
  const CollectiveState last = state.last_finished();
  if (last.order == 0) return "runs, but has not come to any collective yet";
  return fmt::format("runs, but has not come: busy with its own code for {:.1f} s, after {}{}",
                     seconds(last.left_us, now_us_), describe(last), ahead(state));
}

// Why another lane hangs; nothing if that leads back here.
std::optional<Diagnosis> Scene::behind(const LaneState& other) const {
  if (std::find(seen_.begin(), seen_.end(), other.name.view()) != seen_.end()) return std::nullopt;
  Diagnosis found = Scene(ranks_, other.name.view(), now_us_, seen_).diagnose();
  return found.cause == Cause::mismatch ? std::nullopt : std::optional(std::move(found));
}

// "all_reduce on ranks 0-2, all_gather on rank 3"; empty if all say the same.
std::string Scene::groups(const std::function<std::string(const CollectiveState&)>& word) const {
  std::map<std::string, std::vector<int>> ranks_by_word;
  for (const int rank : members_)
    if (waits(rank) && in_lane(rank)->last.order == newest_) ranks_by_word[word(in_lane(rank)->last)].push_back(rank);
  if (ranks_by_word.size() < 2) return {};
  std::string text;
  for (const auto& [said, ranks] : ranks_by_word)
    text += fmt::format("{}{} on rank{} {}", text.empty() ? "" : "; ", said, ranks.size() > 1 ? "s" : "",
                        rank_ranges(ranks));
  return text;
}

std::optional<Diagnosis> Scene::disagreeing() const {
  const auto in_newest = members([&](int r) { return waits(r) && in_lane(r)->last.order == newest_; });
  if (!groups([](const CollectiveState& c) { return std::string(c.what.view()); }).empty())
    return Diagnosis{Cause::mismatch, in_newest,
                     fmt::format("ranks are in different collectives: {}", groups(describe))};
  const std::string sizes = groups([](const CollectiveState& c) { return fmt::format("{} bytes", c.bytes); });
  if (sizes.empty()) return std::nullopt;
  return Diagnosis{Cause::bytes, in_newest, "the ranks disagree on the size of the collective: " + sizes};
}

std::optional<Diagnosis> Scene::unseen() const {
  if (static_cast<int>(members_.size()) >= group_size_) return std::nullopt;
  auto unknown = all([&](int r) { return !sight(r).state; });
  if (!unknown.empty()) {
    const std::string text = fmt::format(
        "of rank{} {} nothing is to be seen here, all others wait; the ranks compare notes in the run folder: is it on "
        "a "
        "file system that all hosts share?",
        unknown.size() > 1 ? "s" : "", rank_ranges(unknown));
    return Diagnosis{Cause::unseen, std::move(unknown), text};
  }
  auto strangers = all([&](int r) { return in_lane(r) == nullptr; });
  const std::string text = one_by_one(strangers, [&](int r) { return doing(sight(r), lane_, now_us_); });
  return Diagnosis{Cause::late, std::move(strangers), text};
}

Diagnosis Scene::unconnected() const {
  std::map<std::string, std::vector<int>> ranks_by_host;
  for (const int rank : members_) ranks_by_host[std::string(sight(rank).state->host.view())].push_back(rank);
  if (ranks_by_host.size() < 2)
    return {Cause::stuck, members_,
            "all ranks run and are in the collective, none is late: what moves data between processes of this host is "
            "stuck"};
  std::string sides;
  for (const auto& [host, ranks] : ranks_by_host)
    sides += fmt::format("{}{} (rank{} {})", sides.empty() ? "" : " and ", host, ranks.size() > 1 ? "s" : "",
                         rank_ranges(ranks));
  return {Cause::network, members_,
          fmt::format("all ranks run and are in the collective, none is late: look at the network between hosts {}",
                      sides)};
}

std::string_view word_for(Life life) {
  switch (life) {
    case Life::unknown:
      return "nothing known";
    case Life::beating:
      return "running";
    case Life::silent:
      return "no sign of life";
    case Life::stopped:
      return "stopped";
    case Life::gone:
      return "ended";
  }
  return "";
}

}  // namespace

Diagnosis diagnose(const std::vector<Sight>& ranks, std::string_view lane, int64_t now_us) {
  return Scene(ranks, lane, now_us, {}).diagnose();
}

std::string name_of(const Sight& sight, int rank) {
  if (!sight.state) return fmt::format("rank {}", rank);
  return fmt::format("rank {} on {} (pid {})", rank, sight.state->host.view(), sight.state->pid);
}

std::string doing(const Sight& sight, std::string_view lane, int64_t now_us) {
  if (!sight.state) return std::string(word_for(sight.life));
  const LaneState* where = sight.state->lane(lane);
  if (where == nullptr || !where->last.in_flight()) where = sight.state->oldest_in_flight();
  std::string text = fmt::format("{}, ", word_for(sight.life));
  if (where != nullptr)
    return text += fmt::format("in {} for {:.1f} s", describe(where->last), seconds(where->last.entered_us, now_us));
  const CollectiveState last = sight.state->last_finished();
  if (last.order == 0) return text += "in no collective yet";
  return text += fmt::format("in its own code for {:.1f} s, after {}", seconds(last.left_us, now_us), describe(last));
}

std::string rank_ranges(const std::vector<int>& ranks) {
  std::string text;
  for (size_t begin = 0, end = 0; begin < ranks.size(); begin = end) {
    for (end = begin + 1; end < ranks.size() && ranks[end] == ranks[end - 1] + 1;) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", ranks[begin]);
    if (end - begin > 1) text += fmt::format("{}{}", end - begin > 2 ? "-" : ", ", ranks[end - 1]);
  }
  return text;
}

}  // namespace convoy::hang
