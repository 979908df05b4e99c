#include "comm/hang/rank_state.h"

#include <fmt/format.h>

namespace convoy::hang {

namespace {

std::string described_as(const CollectiveState& collective, const std::string& number) {
  std::string text = fmt::format("{}{} of {} bytes", collective.what.view(), number, collective.bytes);
  if (collective.step >= 0) text += fmt::format(", step {}", collective.step);
  if (!collective.label.view().empty()) text += fmt::format(", {}", collective.label.view());
  return text;
}

}  // namespace

std::string describe(const CollectiveState& collective) {
  return described_as(collective, fmt::format(" #{}", collective.order));
}

std::string describe_unnumbered(const CollectiveState& collective) { return described_as(collective, {}); }

const LaneState* RankState::lane(std::string_view name) const {
  const auto found =
      std::find_if(lanes.begin(), lanes.end(), [&](const LaneState& l) { return l.name.view() == name; });
  return found == lanes.end() || name.empty() ? nullptr : &*found;
}

const LaneState* RankState::oldest_in_flight() const {
  const LaneState* oldest = nullptr;
  for (const LaneState& lane : lanes) {
    if (lane.name.view().empty() || !lane.last.in_flight()) continue;
    if (oldest == nullptr || lane.last.entered_us < oldest->last.entered_us) oldest = &lane;
  }
  return oldest;
}

CollectiveState RankState::last_finished() const {
  return recent_count == 0 ? CollectiveState{} : recent[(recent_count - 1) % kRecent];
}

int64_t RankState::last_progress_us() const {
  int64_t last = last_finished().left_us;
  for (const LaneState& lane : lanes)
    if (!lane.name.view().empty()) last = std::max({last, lane.last.entered_us, lane.last.left_us});
  return last;
}

}  // namespace convoy::hang
