#include "core/optimizer/schedule_kinds.h"

#include "core/optimizer/schedule_makers.h"

namespace convoy {

namespace {

constexpr Kind<Schedule> kSchedules[] = {
    {"cosine", "half a cosine down to final_ratio", make_maker<CosineMaker>},
    {"constant", "the peak to the end", make_maker<ConstantMaker>},
    {"linear", "a straight line down to final_ratio", make_maker<LinearMaker>},
    {"step", "times factor every so many steps", make_maker<StepMaker>},
    {"warmup_stable_decay", "the peak, then a straight line down to final_ratio", make_maker<WarmupStableDecayMaker>},
    {"one_cycle", "up to the peak and far down again, by cosines", make_maker<OneCycleMaker>},
    {"plateau", "times factor where the evaluation loss no longer falls", make_maker<PlateauMaker>},
};

}  // namespace

std::span<const Kind<Schedule>> schedule_kinds() { return kSchedules; }

}  // namespace convoy
