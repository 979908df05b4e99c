#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "core/optimizer/schedule_makers.h"

namespace convoy {

namespace {

void describe_warmup(Keys& keys, int64_t& warmup_steps) {
  keys("warmup_steps", warmup_steps, "steps", "linear rise from 0 to optimizer.lr", Allowed::from(0, kMostSteps));
}

void describe_final_ratio(Keys& keys, double& final_ratio) {
  keys("final_ratio", final_ratio, "", "last learning rate over optimizer.lr", Allowed::from(0, 1));
}

// Behind the warm-up: a function of the step.
class Course : public Schedule {
 public:
  using Behind = std::function<double(int64_t step, const ScheduleTerms& terms)>;
  Course(int64_t warmup_steps, Behind behind) : warmup_(warmup_steps), behind_(std::move(behind)) {}

  double learning_rate(int64_t step, const ScheduleTerms& terms, const ScheduleState&) const override {
    if (step < warmup_) return terms.peak * static_cast<double>(step) / static_cast<double>(warmup_);
    return behind_(step, terms);
  }

 private:
  const int64_t warmup_;
  const Behind behind_;
};

// How far the step is from `from` to the last one, 0 to 1.
double progress(int64_t step, int64_t from, const ScheduleTerms& terms) {
  const auto rest = static_cast<double>(std::max<int64_t>(terms.steps - from, 1));
  return std::clamp(static_cast<double>(step - from) / rest, 0.0, 1.0);
}

// 1 at the start, 0 at the end.
double half_cosine(double progress) { return 0.5 * (1 + std::cos(std::numbers::pi * progress)); }

double between(double first, double last, double progress) { return last + (first - last) * half_cosine(progress); }

class Plateau final : public Course {
 public:
  explicit Plateau(const PlateauMaker& keys)
      : Course(keys.warmup_steps, [](int64_t, const ScheduleTerms& terms) { return terms.peak; }), keys_(keys) {}

  double learning_rate(int64_t step, const ScheduleTerms& terms, const ScheduleState& state) const override {
    return Course::learning_rate(step, terms, state) * value(state, "factor").value_or(1);
  }
  bool follows_evaluations() const override { return true; }
  void evaluated(double loss, ScheduleState& state) const override {
    const double best = value(state, "best").value_or(std::numeric_limits<double>::max());
    const bool better = loss < best * (1 - keys_.threshold);
    const double bad = better ? 0 : value(state, "bad_evaluations").value_or(0) + 1;
    const bool lower = bad > static_cast<double>(keys_.patience);
    state["best"] = better ? loss : best;
    state["bad_evaluations"] = lower ? 0 : bad;
    state["factor"] = value(state, "factor").value_or(1) * (lower ? keys_.factor : 1);
  }

 private:
  static std::optional<double> value(const ScheduleState& state, const char* name) {
    const auto found = state.find(name);
    return found == state.end() ? std::nullopt : std::optional(found->second);
  }

  const PlateauMaker keys_;
};

}  // namespace

void ConstantMaker::describe(Keys& keys) { describe_warmup(keys, warmup_steps); }

std::unique_ptr<Schedule> ConstantMaker::make() const {
  return std::make_unique<Course>(warmup_steps, [](int64_t, const ScheduleTerms& terms) { return terms.peak; });
}

void CosineMaker::describe(Keys& keys) {
  describe_warmup(keys, warmup_steps);
  describe_final_ratio(keys, final_ratio);
}

std::unique_ptr<Schedule> CosineMaker::make() const {
  return std::make_unique<Course>(warmup_steps, [keys = *this](int64_t step, const ScheduleTerms& terms) {
    const double cosine = half_cosine(progress(step, keys.warmup_steps, terms));
    return terms.peak * (keys.final_ratio + (1 - keys.final_ratio) * cosine);
  });
}

void LinearMaker::describe(Keys& keys) {
  describe_warmup(keys, warmup_steps);
  describe_final_ratio(keys, final_ratio);
}

std::unique_ptr<Schedule> LinearMaker::make() const {
  return std::make_unique<Course>(warmup_steps, [keys = *this](int64_t step, const ScheduleTerms& terms) {
    return terms.peak * (1 - (1 - keys.final_ratio) * progress(step, keys.warmup_steps, terms));
  });
}

void StepMaker::describe(Keys& keys) {
  describe_warmup(keys, warmup_steps);
  keys("every_steps", every_steps, "steps", "behind the warm-up, after which the learning rate is lowered",
       Allowed::from(1, kMostSteps));
  keys("factor", factor, "", "new learning rate over the last", Allowed::above_to(0, 1));
}

std::unique_ptr<Schedule> StepMaker::make() const {
  return std::make_unique<Course>(warmup_steps, [keys = *this](int64_t step, const ScheduleTerms& terms) {
    const int64_t behind = std::max<int64_t>(step - 1 - keys.warmup_steps, 0);
    return terms.peak * std::pow(keys.factor, static_cast<double>(behind / keys.every_steps));
  });
}

void WarmupStableDecayMaker::describe(Keys& keys) {
  describe_warmup(keys, warmup_steps);
  keys("decay_steps", decay_steps, "steps", "of the line down, the last ones; auto: a tenth of train.steps",
       Allowed::from(0, kMostSteps));
  describe_final_ratio(keys, final_ratio);
}

std::unique_ptr<Schedule> WarmupStableDecayMaker::make() const {
  return std::make_unique<Course>(warmup_steps, [keys = *this](int64_t step, const ScheduleTerms& terms) {
    const int64_t stable_until = std::max(terms.steps - keys.decay_steps.value_or(terms.steps / 10), keys.warmup_steps);
    if (step <= stable_until) return terms.peak;
    return terms.peak * (1 - (1 - keys.final_ratio) * progress(step, stable_until, terms));
  });
}

void OneCycleMaker::describe(Keys& keys) {
  keys("pct_start", pct_start, "", "share of the steps that rise", Allowed::from(0, 1));
  keys("div_factor", div_factor, "", "optimizer.lr over the first learning rate", Allowed::from(1, kMostReal));
  keys("final_div_factor", final_div_factor, "", "the first learning rate over the last",
       Allowed::from(kLeastReal, kMostReal));
}

std::unique_ptr<Schedule> OneCycleMaker::make() const {
  return std::make_unique<Course>(0, [keys = *this](int64_t step, const ScheduleTerms& terms) {
    const double first = terms.peak / keys.div_factor, last = first / keys.final_div_factor;
    const double top = keys.pct_start * static_cast<double>(terms.steps) - 1,
                 end = static_cast<double>(terms.steps) - 1;
    const auto now = static_cast<double>(step - 1);
    if (now <= top) return between(first, terms.peak, top > 0 ? now / top : 1);
    return between(terms.peak, last, end > top ? std::min((now - top) / (end - top), 1.0) : 1);
  });
}

void PlateauMaker::describe(Keys& keys) {
  describe_warmup(keys, warmup_steps);
  keys("factor", factor, "", "new learning rate over the last", Allowed::above_to(0, 1));
  keys("patience", patience, "evaluations", "without a better loss that are waited for; the next lowers the rate",
       Allowed::from(0, kMostSteps));
  keys("threshold", threshold, "", "share of the best loss by which a better one lies below it",
       Allowed::from_to_below(0, 1));
}

std::unique_ptr<Schedule> PlateauMaker::make() const { return std::make_unique<Plateau>(*this); }

}  // namespace convoy
