// What `trainer plan` says: one report, as a table for people or as JSON for programs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/train/run_length.h"
#include "launcher/plan/cards.h"
#include "launcher/plan/largest_tensors.h"
#include "launcher/plan/modelled_step.h"
#include "launcher/plan/planned_files.h"
#include "launcher/plan/planned_start.h"
#include "launcher/plan/planned_watch.h"
#include "launcher/plan/run_planner.h"
#include "launcher/plan/time/step_time.h"

namespace convoy {

// The same run with one key changed.
struct Alternative {
  std::string change;  // "parallel.stage=1"
  size_t bytes = 0;    // on the device of a rank
};

// Memory that ranks would lie in.
struct Place {
  std::string name;   // "this machine", "h100-80g"
  std::string about;  // how its bytes are meant
  size_t wanted = 0, bytes = 0;
  bool fits() const { return wanted <= bytes; }
};

// bytes: on the device of a rank.
Place place_on(const Card& card, size_t bytes);

struct PlanReport {
  Config config;  // settled
  RankFacts facts;
  RunPlan plan;
  size_t others_host = 0;
  int64_t parameters = 0;
  double padding = 0;               // of what is sharded, sent with it: a share of its parameters
  std::optional<RunLength> length;  // absent: told by epochs, and the data is not there
  std::vector<PlannedTensor> tensors;
  std::vector<Alternative> alternatives;
  std::optional<Place> machine, card;  // machine: absent if it has no such device
  ModelledStep step;
  std::optional<StepTime> time;  // on the card, or where rates were measured
  PlannedFiles files;
  std::optional<PlannedStart> start;  // absent: the data is not there
  std::optional<PlannedWatch> watch;
};

// Rates to model the time of such operators with.
using RatesFor = std::function<CardRates(const OperatorTally&)>;

// card: to compare memory with; null: none. rates: absent, no step's time is modelled.
PlanReport make_plan_report(const RunPlanner& planner, const PlanRequest& request, const Card* card,
                            const RatesFor& rates = {});

// At most 100 columns wide, but for names that are longer.
std::string plan_text(const PlanReport& report);
std::string plan_json(const PlanReport& report);

}  // namespace convoy
