// How the cost of a step grows with a network: batch, width, depth.
#pragma once

#include "framework/bench/report.h"

#include <functional>
#include <nlohmann/json.hpp>

namespace gradus::bench {

/// The cost of steps that differ in one size.
struct Growth {
  std::string of;    ///< "batch", "width", "layers"
  std::string what;  ///< for people: the network
  std::vector<std::pair<std::int64_t, Measured>> points;
};

/// What is varied, and the config of each size.
struct GrowthPlan {
  std::string of;
  std::string what;
  std::vector<std::int64_t> sizes;
  std::function<Json(std::int64_t size)> config;
};

/// Batch 1 to 4096, width 64 to 4096, 1 to 100 layers of an mlp.
std::vector<GrowthPlan> growth_plans();

/// Measures a plan; `seen` is told each point at once.
Growth measure_growth(const GrowthPlan& plan, const MeasureOptions& options,
                      const std::function<void(const Measured&)>& seen);

Json to_json(const std::vector<Growth>& all, const Roof& roof);
/// As SVG.
std::string chart_of(const std::vector<Growth>& all, const Roof& roof);

}  // namespace gradus::bench
