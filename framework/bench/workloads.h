// The workloads of `gradus bench`: whole training steps on random data, by name.
//
// All but one are configs such as `gradus train` takes, so what is timed is what trains.
// Thread rules: a Step is for one thread at a time.
#pragma once

#include "framework/nn/options.h"

#include <functional>
#include <nlohmann/json.hpp>

namespace gradus::bench {

struct Workload {
  std::string name;
  std::string what;    ///< for people
  std::string config;  ///< JSON; empty for `graph`, which is no training
};

/// In the order of the table in tools/bench/README.md.
const std::vector<Workload>& workloads();
/// Throws ConfigError, with the nearest name, for one that is not there.
const Workload& find_workload(const std::string& name);

/// Something that is done again and again.
struct Step {
  std::function<void()> run;
  std::int64_t examples = 0;    ///< that go through it; 0: it is no training step
  std::int64_t parameters = 0;  ///< numbers that it trains
  Json config;                  ///< with every option; null without one
};

/// One training step of a config: fetching the batch, zero_grad, forward, loss, backward, update.
/// Throws ConfigError for what does not fit. The step throws Error when the loss is not finite.
Step training_step(const Json& config);
/// The step of a workload.
Step step_of(const Workload& workload);

}  // namespace gradus::bench
