#include "comm/hang/hang_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace convoy::hang {
namespace {

constexpr uint64_t kShown = 6;  // collectives of each rank

std::string time_text(int64_t time_us) {
  return fmt::format("{:%H:%M:%S}.{:06}", fmt::gmtime(static_cast<std::time_t>(time_us / 1000000)), time_us % 1000000);
}

std::string recent_of(const RankState& state) {
  std::string text;
  const uint64_t shown = std::min(state.recent_count, kShown);
  for (uint64_t i = state.recent_count - shown; i < state.recent_count; ++i) {
    const CollectiveState& c = state.recent[i % RankState::kRecent];
    text += fmt::format("  {}  {:10.6f} s  {}\n", time_text(c.entered_us),
                        static_cast<double>(c.left_us - c.entered_us) / 1e6, describe(c));
  }
  for (const LaneState& lane : state.lanes)
    if (!lane.name.view().empty() && lane.last.in_flight())
      text += fmt::format("  {}  not finished  {}  ({})\n", time_text(lane.last.entered_us), describe(lane.last),
                          lane.name.view());
  return text;
}

}  // namespace

std::string hang_report(const std::string& heading, const Diagnosis& diagnosis, const std::vector<Sight>& ranks,
                        std::string_view lane, int64_t now_us) {
  std::string text = fmt::format("{}, at {} UTC\n\nDiagnosis: {}\n\nAll ranks ({}):\n", heading, time_text(now_us),
                                 diagnosis.text, lane);
  for (size_t r = 0; r < ranks.size(); ++r)
    text += fmt::format("  {}: {}\n", name_of(ranks[r], static_cast<int>(r)), doing(ranks[r], lane, now_us));
  text += "\nLast collectives of each rank, by the clock of its host (UTC): entered, took, what\n";
  for (size_t r = 0; r < ranks.size(); ++r)
    if (ranks[r].state)
      text += fmt::format("{}\n{}", name_of(ranks[r], static_cast<int>(r)), recent_of(*ranks[r].state));
  return text;
}

}  // namespace convoy::hang
