#include "schedules/chained.h"

#include <nlohmann/json.hpp>

namespace gradus::optim {
namespace {

using Build = ScheduleRegistry::Build;

// The schedules of `builds`, each made for its own part of the run. Part i + 1 begins at
// milestones[i]. Throws ConfigError with `path` unless the milestones ascend.
SchedulePtr chain(const std::vector<Build>& builds, const std::vector<Span>& milestones, Unit unit,
                  const RunShape& run, const std::string& path) {
  std::vector<Elapsed> begins = {{}};
  for (const Span& each : milestones) {
    begins.push_back(run.after(each.in(unit, run), unit));
    if (begins.back().steps > begins[begins.size() - 2].steps) continue;
    throw ConfigError(path, "each must be later than the one before");
  }
  std::vector<ChainedSchedule::Part> parts;
  for (std::size_t i = 0; i < builds.size(); ++i) {
    RunShape part = run;
    if (i + 1 < builds.size()) part.length = begins[i + 1];
    if (part.length) part.length = *part.length - begins[i];
    parts.push_back({begins[i], builds[i](part)});
  }
  return std::make_shared<ChainedSchedule>(std::move(parts));
}

struct ChainedOptions {
  Unit unit = Unit::Epoch;
  std::vector<Span> milestones;
  Json schedules = Json::array();
  std::vector<Build> builds;
  std::string path;

  void describe(OptionReader& o) {
    path = o.path();
    describe_unit(o, unit);
    describe_spans(o.required(), "milestones", milestones, unit,
                   "when the second and each later schedule begins");
    o.required()("schedules", schedules, "the schedules, each {\"type\": ..., its options}",
                 JsonKind::components("schedule"));
    if (!schedules.is_array()) {
      throw ConfigError(path + "/schedules", "expected a list of schedules");
    }
    for (std::size_t i = 0; i < schedules.size(); ++i) {
      const std::string place = path + "/schedules/" + std::to_string(i);
      builds.push_back(optim::schedules().prepare(schedules[i], place, &schedules[i]));
    }
    o.resolve("schedules", schedules);
    if (o.has("schedules") && builds.size() != milestones.size() + 1) {
      throw ConfigError(path + "/milestones", "must be one fewer than the schedules, of which " +
                                                  std::to_string(builds.size()) + " are given");
    }
  }
};

struct WarmupOptions {
  Unit unit = Unit::Step;
  Span total_iters;
  double start_factor = LinearOptions{}.start_factor;
  Json then = {{"type", "constant"}};
  Build then_build;
  std::string path;

  void describe(OptionReader& o) {
    path = o.path();
    describe_unit(o, unit);
    describe_span(o.required(), "total_iters", total_iters, unit,
                  "until the optimizer's rate is reached");
    o("start_factor", start_factor, "what the rate is multiplied by at first",
      {.min = 0, .max = 1});
    o("then", then, "the schedule that begins there", JsonKind::component("schedule"));
    then_build = schedules().prepare(then, path + "/then", &then);
    o.resolve("then", then);
  }
  [[nodiscard]] LinearOptions linear() const {
    return {.unit = unit, .start_factor = start_factor, .total_iters = total_iters};
  }
};

}  // namespace

ChainedSchedule::ChainedSchedule(std::vector<Part> parts) : parts_(std::move(parts)) {
  if (parts_.empty() || !(parts_.front().begin == Elapsed{})) {
    throw ValueError("ChainedSchedule: the first schedule must begin at 0");
  }
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    if (parts_[i].begin.steps > parts_[i - 1].begin.steps) continue;
    throw ValueError("ChainedSchedule: each schedule must begin later than the one before");
  }
}

ChainedSchedule ChainedSchedule::of(const std::vector<std::int64_t>& milestones,
                                    std::vector<SchedulePtr> schedules) {
  if (schedules.size() != milestones.size() + 1) {
    throw ValueError("ChainedSchedule: milestones must be one fewer than the schedules");
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    const std::int64_t begin = i == 0 ? 0 : milestones[i - 1];
    parts.push_back({{begin, begin}, std::move(schedules[i])});
  }
  return ChainedSchedule(std::move(parts));
}

const ChainedSchedule::Part& ChainedSchedule::part_at(const Elapsed& elapsed) const {
  std::size_t last = 0;
  while (last + 1 < parts_.size() && parts_[last + 1].begin.steps <= elapsed.steps) ++last;
  return parts_[last];
}

double ChainedSchedule::rate(double base, const Elapsed& elapsed) const {
  const Part& part = part_at(elapsed);
  return part.schedule->rate(base, elapsed - part.begin);
}

std::vector<std::string> ChainedSchedule::metrics() const {
  std::vector<std::string> result;
  for (const Part& part : parts_) {
    for (std::string& each : part.schedule->metrics()) result.push_back(std::move(each));
  }
  return result;
}

void ChainedSchedule::observe(double base, const Elapsed& elapsed, const MetricReader& metric) {
  const Part& part = part_at(elapsed);
  part.schedule->observe(base, elapsed - part.begin, metric);
}

Json ChainedSchedule::state() const {
  Json result = Json::array();
  bool has_state = false;
  for (const Part& part : parts_) {
    result.push_back(part.schedule->state());
    has_state = has_state || !result.back().is_null();
  }
  return has_state ? result : Json();
}

void ChainedSchedule::load_state(const Json& state) {
  if (!state.is_null() && (!state.is_array() || state.size() != parts_.size())) {
    throw ValueError("no state of " + std::to_string(parts_.size()) + " chained schedules");
  }
  const Json before = this->state();
  try {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      parts_[i].schedule->load_state(state.is_null() ? Json() : state[i]);
    }
  } catch (const ValueError&) {
    if (!before.is_null()) load_state(before);
    throw;
  }
}

namespace {

const bool kRegistered[] = {
    schedules().add<ChainedOptions>("chained", "schedules one after the other (SequentialLR)",
                                    [](const ChainedOptions& o, const RunShape& run) {
                                      return chain(o.builds, o.milestones, o.unit, run,
                                                   o.path + "/milestones");
                                    }),
    schedules().add<WarmupOptions>(
        "warmup", "linearly up to the optimizer's rate (LinearLR), then another schedule",
        [](const WarmupOptions& o, const RunShape& run) {
          const Build up = [o](const RunShape& part) {
            return std::make_shared<LinearSchedule>(o.linear(), part);
          };
          return chain({up, o.then_build}, {o.total_iters}, o.unit, run, o.path + "/total_iters");
        }),
};

}  // namespace
}  // namespace gradus::optim
